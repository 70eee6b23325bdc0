#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends/jit/jit.h"
#include "ir/text.h"
#include "tests/backends/random_network.h"
#include "tests/backends/run_graph.h"

/// The kernel of a sum over lanes and the optimizer's update that reads it.
namespace sinter {
namespace {

// Up to 64 lanes of up to 2 each, subtracted in f32 from what may be as large.
constexpr double tolerance = 1e-4;

Graph body_of_update(const std::string& lanes, const std::string& parameter, const std::string& scale) {
  const std::string type = "f32" + parameter, gradient = scale.empty() ? "%1" : "%2";
  return parse(
      "graph main(%lanes: f32" + lanes + ", %w: " + type + ", %lr: f32[], %v: " + type +
      ", %apply: bool[]) -> (" + type + ", " + type + ") {\n" +
      (scale.empty() ? "" : "const %3: f32[] = " + scale + "\n") + "%1 = sum(%lanes) {axes = [0]} : " + type +
      "\n" + (scale.empty() ? "" : "%2 = mul(%1, %3) : " + type + "\n") + "%4, %5 = sgd_update(%w, " +
      gradient + ", %lr, %v, %apply) {momentum = 0.9, weight_decay = 0.01, nesterov = true} : " + type +
      ", " + type + "\nreturn %4, %5\n}");
}

// The other optimizers, whose states and scalars stand elsewhere.
Graph body_of(const std::string& lanes, const std::string& type, const std::string& update) {
  return parse("graph main(%lanes: f32" + lanes + ", %w: " + type + ", %lr: f32[], %a: " + type +
               ", %b: " + type + ", %c: f32[], %apply: bool[]) -> (" + type + ", " + type + ", " + type +
               ") {\n" + "%1 = sum(%lanes) {axes = [0]} : " + type + "\n%2, %3, %4 = " + update + " : " +
               type + ", " + type + ", " + type + "\nreturn %2, %3, %4\n}");
}

constexpr const char* other_updates[] = {
    "adam_update(%w, %1, %lr, %a, %b, %c, %c, %apply) {weight_decay = 0.01, decoupled = true}",
    "rmsprop_update(%w, %1, %lr, %a, _, %b, %apply) {eps = 0.001, weight_decay = 0.01}",
};

// Squares and corrections are above 0.
Bindings positive_bindings(const Graph& graph, RandomEngine& random) {
  Bindings bindings = random_bindings(graph, random);
  for (Tensor& tensor : bindings.inputs)
    if (tensor.dtype() == DType::f32)
      for (float& value : tensor.values<float>()) value = 0.1F + std::abs(value);
  return bindings;
}

class JitLaneUpdate : public testing::Test {
 protected:
  void expect_runs(Graph body) {
    const Graph graph = as_fusion(std::move(body));
    EXPECT_GT(expect_parity(*backend_, graph, random_bindings(graph, random_), offers(), tolerance, random_),
              0U);
  }

  std::unique_ptr<Backend> backend_ = make_jit_backend();
  RandomEngine random_{7};
};

// One element, parts of a vector, whole ones, several units, and layouts with blocks that are not full.
TEST_F(JitLaneUpdate, AgreesWithTheInterpreter) {
  for (const char* lanes : {"1", "3", "8", "64"})
    for (const char* shape : {"1]", "6]", "16]", "17, 5]", "33, 3, 5, 5]", "37, 41]"})
      for (const char* scale : {"", "0.0625"}) {
        SCOPED_TRACE(std::string(lanes) + " lanes of [" + shape);
        expect_runs(body_of_update("[" + std::string(lanes) + ", " + shape, "[" + std::string(shape), scale));
        if (HasFailure()) return;
      }
}

TEST_F(JitLaneUpdate, TakesAnyOptimizersUpdate) {
  for (const char* update : other_updates) {
    const Graph graph = as_fusion(body_of("[8, 33, 3, 5, 5]", "f32[33, 3, 5, 5]", update));
    SCOPED_TRACE(update);
    EXPECT_GT(
        expect_parity(*backend_, graph, positive_bindings(graph, random_), offers(), tolerance, random_), 0U);
    const Graph body = body_of("[8, 37, 41]", "f32[37, 41]", update);
    const Bindings bindings = positive_bindings(body, random_);
    const auto apart = run_graph(*backend_, body, bindings, nullptr);
    const auto fused = run_graph(*backend_, as_fusion(body), bindings, nullptr);
    for (size_t i = 0; i < apart.size(); ++i) EXPECT_EQ(apart[i], fused[i]);
  }
}

// Alone or fused, the sum is made in one order: the bits are those of the ops one by one.
TEST_F(JitLaneUpdate, HasTheBitsOfItsParts) {
  const Graph body = body_of_update("[8, 37, 41]", "[37, 41]", "0.3");
  const Bindings bindings = random_bindings(body, random_);
  const auto apart = run_graph(*backend_, body, bindings, nullptr);
  const auto fused = run_graph(*backend_, as_fusion(body), bindings, nullptr);
  ASSERT_EQ(apart.size(), fused.size());
  for (size_t i = 0; i < apart.size(); ++i) EXPECT_EQ(apart[i], fused[i]);
}

const Layout blocked_channels = Layout::parse("aBcd16b"), blocked_outputs = Layout::parse("Abcd16a");

bool runs(std::span<const Implementation> ways, const Layout& lanes, const Layout& own) {
  return std::ranges::any_of(ways, [&](const Implementation& way) {
    return way.operands[0] == lanes && way.operands[1] == own && way.results[0] == own;
  });
}

// Lanes as the parameter lies and otherwise; outputs and channels fill their blocks or do not. One element of
// a lane has one sum, so the bits are those of plain values.
TEST_F(JitLaneUpdate, HasTheSameBitsInEveryLayout) {
  const Layout plain, last = Layout::parse("acdb");
  const std::vector<Layout> offered = {blocked_channels,           blocked_outputs,           last,
                                       blocked_channels.stacked(), blocked_outputs.stacked(), last.stacked()};
  for (const char* shape : {"8, 8, 3, 3]", "16, 33, 3, 3]", "33, 16, 1, 1]", "1, 1, 1, 1]"}) {
    SCOPED_TRACE(shape);
    const Graph body = body_of_update("[3, " + std::string(shape), "[" + std::string(shape), "0.3");
    const Bindings bindings = random_bindings(body, random_);
    const auto expected = run_graph(*backend_, body, bindings, nullptr);
    const Graph fused = as_fusion(body);
    const auto ways = backend_->implementations(fused, 0, offered);
    for (const Layout& own : {plain, blocked_channels, blocked_outputs}) {
      EXPECT_TRUE(runs(ways, own.stacked(), own)) << own.tag();
      EXPECT_TRUE(runs(ways, own.stacked(), plain)) << own.tag();
      EXPECT_TRUE(runs(ways, plain, own)) << own.tag();
    }
    EXPECT_FALSE(runs(ways, blocked_channels.stacked(), blocked_outputs));
    for (const Implementation& way : ways) {
      SCOPED_TRACE(way.operands[0].tag() + " to " + way.operands[1].tag());
      const auto actual = run_graph(*backend_, laid_out(fused, way), bindings, &random_);
      for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(actual[i], expected[i]);
      if (HasFailure()) return;
    }
  }
}

// The sum alone, where its update is not fused: in any layout, two blocks of weights included.
TEST_F(JitLaneUpdate, SumsLanesInEveryLayoutWithTheReferencesBits) {
  const std::vector<Layout> offered = {blocked_channels, blocked_outputs, Layout::parse("acdb"),
                                       Layout::parse("ABcd16b16a")};
  for (const char* shape : {"8, 8, 3, 3]", "33, 17, 3, 1]", "1, 1, 1, 1]"}) {
    SCOPED_TRACE(shape);
    const std::string type = "f32[" + std::string(shape);
    const Graph sum = parse("graph main(%lanes: f32[5, " + std::string(shape) + ") -> (" + type +
                            ") {\n%1 = sum(%lanes) {axes = [0]} : " + type + "\nreturn %1\n}");
    const auto ways = backend_->implementations(sum, 0, offered);
    for (const Layout& layout : offered)
      EXPECT_TRUE(std::ranges::any_of(ways, [&](const Implementation& way) {
        return way.operands[0] == layout.stacked() && way.results[0] == layout;
      })) << layout.tag();
    expect_parity(*backend_, sum, random_bindings(sum, random_), offered, 0, random_);
  }
}

TEST_F(JitLaneUpdate, SaysWhyNot) {
  const auto expect_refused = [&](const Graph& body, const std::string& why) {
    const auto said = backend_->refuses_fusion(body);
    ASSERT_TRUE(said.has_value()) << why;
    EXPECT_NE(said->find(why), std::string::npos) << *said;
  };
  expect_refused(body_of_update("[65, 3]", "[3]", ""), "65 lanes are more than 64");
  expect_refused(body_of_update("[8]", "[]", ""), "the lanes are single numbers");
  expect_refused(body_of_update("[8, 3]", "[3]", "inf"), "mul does not scale the sum by a number");
}

}  // namespace
}  // namespace sinter
