#include "ir/interpreter.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "tests/ir/evaluated.h"
#include "tests/random/random_graph.h"

namespace sinter {
namespace {

const Graph step = parse(R"(graph step(%x: f32[2]) -> (f32[2], f32[2]) {
  param %p: f32[2]
  state %s: f32[2]
  const %1: f32[] = 10
  %2 = mul(%x, %1) : f32[2]
  %3 = add(%2, %p) : f32[2]
  %4 = add(%3, %s) : f32[2]
  return %4, %2 into %p
}
)");

TEST(Interpreter, BindsInputsParametersAndStates) {
  const Tensor p = f32({2}, {3, 4});
  const auto results = interpret(step, {{f32({2}, {1, 2})}, {p}, {f32({2}, {100, 200})}});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0], f32({2}, {113, 224}));
  EXPECT_EQ(results[1], f32({2}, {10, 20}));
  EXPECT_EQ(p, f32({2}, {3, 4})) << "nothing is stored into parameters";
}

TEST(Interpreter, ObserverSeesEveryNodeInOrder) {
  std::vector<NodeId> seen;
  const Tensor x = f32({2}, {1, 2});
  interpret(step, {{x}, {x}, {x}}, [&](const Graph& graph, NodeId id, std::span<const Tensor> results) {
    seen.push_back(id);
    EXPECT_EQ(results.size(), graph.node(id).results.size());
  });
  EXPECT_EQ(seen, (std::vector<NodeId>{0, 1, 2}));
}

std::string refusal(const Bindings& bindings) {
  try {
    interpret(step, bindings);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Interpreter, RefusesBindingsThatDoNotFit) {
  const Tensor x = f32({2}, {1, 2});
  EXPECT_EQ(refusal({{}, {x}, {x}}), "graph \"step\" has 1 inputs; 0 were given");
  EXPECT_EQ(refusal({{x}, {x, x}, {x}}), "graph \"step\" has 1 parameters; 2 were given");
  EXPECT_EQ(refusal({{x}, {x}, {}}), "graph \"step\" has 1 states; 0 were given");
  EXPECT_EQ(refusal({{x}, {x}, {f32({1}, {1})}}), "%s is f32[2]; f32[1] was given");
  EXPECT_EQ(refusal({{x.cast(DType::f64)}, {x}, {x}}), "%x is f32[2]; f64[2] was given");
}

TEST(Interpreter, AFusionMeansItsBody) {
  const Graph fused = parse(R"(graph f(%x: f32[2, 2], %k: f32[]) -> (f32[2, 2], f32[]) {
  %1, %2 = fusion(%x, %k) (%a: f32[2, 2], %b: f32[]) {
    %3 = mul(%a, %b) : f32[2, 2]
    %4 = fusion(%3) (%a: f32[2, 2]) {
      %5 = sum(%a) : f32[]
      return %5
    } : f32[]
    return %3, %4
  } : f32[2, 2], f32[]
  return %1, %2
}
)");
  const auto results = interpret(fused, {{f32({2, 2}, {1, 2, 3, 4}), f32({}, {10})}, {}, {}});
  EXPECT_EQ(results[0], f32({2, 2}, {10, 20, 30, 40}));
  EXPECT_EQ(results[1], f32({}, {100}));
}

TEST(Interpreter, AResultMayBeAnInputOrAConstant) {
  const Graph graph =
      parse("graph g(%x: f32[1]) -> (f32[1], f32[]) {\nconst %1: f32[] = 5\nreturn %x, %1\n}");
  const auto results = interpret(graph, {{f32({1}, {7})}, {}, {}});
  EXPECT_EQ(results[0], f32({1}, {7}));
  EXPECT_EQ(results[1], f32({}, {5}));
}

TEST(Interpreter, RandomGraphsComeWithFittingBindings) {
  for (int seed = 0; seed < 50; ++seed) {
    RandomEngine random(seed);
    const auto made = random_graph(random);
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, print(made.graph)));
    EXPECT_EQ(interpret(made.graph, made.bindings), interpret(made.graph, made.bindings));
  }
}

}  // namespace
}  // namespace sinter
