#include <gtest/gtest.h>

#include <algorithm>

#include "ir/text.h"
#include "ir/verify.h"
#include "passes/pass_table.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "tests/passes/random_training_graph.h"
#include "tests/passes/test_target.h"

/// Random graphs through text, verifier and pipelines. A failure prints its seed.
namespace sinter {
namespace {

std::vector<std::string> names_of(std::span<const Step> steps) {
  std::vector<std::string> names;
  for (const Step& step : steps) names.emplace_back(step.pass);
  return names;
}

void expect_round_trip(const Graph& graph) {
  std::vector<std::byte> sidecar, again;
  const std::string text = print(graph, &sidecar);
  const Graph read = parse(text, "random", sidecar);
  EXPECT_EQ(read, graph) << text;
  EXPECT_EQ(print(read, &again), text);
  EXPECT_EQ(again, sidecar);
}

const TestTarget& test_target() {
  static const TestTarget target;
  return target;
}

bool is_laid_out(const Graph& graph) {
  return std::ranges::any_of(graph.values(),
                             [](const ValueInfo& value) { return !value.type.layout.is_plain(); });
}

// Runs each pass, then once more: it must have left nothing to do. Layouts are chosen once: a graph that has
// them is refused.
void expect_idempotent(Graph graph, std::span<const Step> steps) {
  for (const Step& step : steps) {
    const Pass& pass = find_pass(step.pass);
    if (pass.meaning != Meaning::kept) continue;
    const Graph before = graph;
    const PassOptions options{.target = &test_target()};
    const bool changed = pass.run(graph, options);
    EXPECT_EQ(changed, !(graph == before)) << pass.name << " says whether it changed the graph";
    const Graph once = graph;
    if (pass.name == "assign_layouts" && is_laid_out(graph))
      EXPECT_THROW(pass.run(graph, options), InputError);
    else
      EXPECT_FALSE(pass.run(graph, options)) << pass.name << " changed the graph again";
    EXPECT_EQ(graph, once) << pass.name;
  }
}

// Simplification is exact, and a fusion means its body, so the bits are the same.
void expect_same_bits(const Graph& before, const Graph& after, const Bindings& bindings) {
  const auto expected = interpret(before, bindings), actual = interpret(after, bindings);
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(actual[i], expected[i]) << "result " << i;
}

void fuzz_inference(int seed) {
  RandomEngine random(seed);
  const RandomGraph drawn =
      random_graph(random, {.nodes = 20, .floating = seed % 4 == 0 ? DType::f64 : DType::f32});
  ASSERT_TRUE(verify(drawn.graph).empty());
  expect_round_trip(drawn.graph);
  Graph graph = drawn.graph;
  run_passes(graph, names_of(inference_pipeline()), {.target = &test_target()}, {.verify = Verify::execute});
  expect_round_trip(graph);
  expect_same_bits(drawn.graph, graph, drawn.bindings);
  expect_idempotent(drawn.graph, inference_pipeline());
}

PassOptions random_options(RandomEngine& random) {
  PassOptions options{.target = &test_target()};
  constexpr const char* optimizers[] = {"sgd", "adam", "adamw", "rmsprop"};
  options.optimizer = optimizers[random_integer(random, 0, 3)];
  const bool is_sgd = options.optimizer == "sgd", is_rmsprop = options.optimizer == "rmsprop";
  if ((is_sgd || is_rmsprop) && chance(random, 0.5)) options.momentum = 0.9;
  options.nesterov = is_sgd && options.momentum != 0 && chance(random, 0.5);
  options.adaptive.centered = is_rmsprop && chance(random, 0.5);
  options.adaptive.eps = 1e-3;  // the first step divides by the gradient, and rounding is all that some are
  if (chance(random, 0.5)) options.weight_decay = 0.01;
  return options;
}

Bindings with_step(const Graph& graph, Bindings bindings) {
  bindings.inputs.push_back(Tensor::scalar(DType::f32, 0.05));
  for (const ValueId state : graph.states())
    bindings.states.emplace_back(graph.type(state).dtype, sizes(graph.type(state).shape));
  return bindings;
}

void fuzz_training(int seed) {
  RandomEngine random(seed);
  const RandomGraph drawn = random_training_graph(random, seed % 4 == 0 ? DType::f64 : DType::f32);
  const PassOptions options = random_options(random);
  Graph step = drawn.graph;
  run_passes(step, {"autodiff", "append_update"}, options, {.verify = Verify::execute});
  expect_round_trip(step);
  Graph simplified = step;
  run_passes(simplified, names_of(inference_pipeline()), options, {.verify = Verify::execute});
  expect_round_trip(simplified);
  expect_same_bits(step, simplified, with_step(step, drawn.bindings));
  expect_idempotent(step, training_pipeline());
}

TEST(Fuzz, Inference) {
  for (int seed = 0; seed < 700 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    ASSERT_NO_THROW(fuzz_inference(seed));
  }
}

TEST(Fuzz, Training) {
  for (int seed = 0; seed < 400 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    ASSERT_NO_THROW(fuzz_training(seed));
  }
}

}  // namespace
}  // namespace sinter
