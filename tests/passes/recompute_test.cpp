#include "passes/recompute.h"

#include <gtest/gtest.h>

#include "ir/build.h"
#include "passes/plan_memory.h"
#include "tests/passes/test_target.h"

namespace sinter {
namespace {

// An activation that is read again after larger values, beside a convolution that takes most of the time.
Graph model(int64_t channels) {
  Graph graph;
  const Value x = graph.input("x", {DType::f32, {2, 4, 16, 16}, {}});
  const Value w = graph.parameter("w", {DType::f32, {channels, 4, 5, 5}, {}});
  const Value kept = relu(x);
  const Value wide = exp(conv2d(kept, w, {}, {.padding = {2, 2, 2, 2}}));
  graph.add_result(kept * slice(wide, {.axis = 1, .end = 4}));
  return graph;
}

struct Outcome {
  bool changed;
  std::vector<Remark> remarks;
};

Outcome run(Graph& graph, Recompute choice) {
  const TestTarget target;
  Outcome outcome{};
  outcome.changed = recompute(graph, {.recompute = choice, .target = &target, .remarks = &outcome.remarks});
  return outcome;
}

TEST(Recompute, AutoTakesWhatHardlyCostsTime) {
  Graph graph = model(64);
  const int64_t before = plan_memory(graph).arena_bytes;
  const Outcome outcome = run(graph, Recompute::automatic);
  EXPECT_TRUE(outcome.changed);
  EXPECT_TRUE(outcome.remarks.empty());
  EXPECT_EQ(plan_memory(graph).arena_bytes, before - 2 * 4 * 16 * 16 * 4);
}

TEST(Recompute, AutoLeavesTheRestAndSaysSo) {
  Graph graph = model(5);
  const Graph before = graph;
  const Outcome outcome = run(graph, Recompute::automatic);
  EXPECT_FALSE(outcome.changed);
  EXPECT_EQ(graph, before);
  ASSERT_EQ(outcome.remarks.size(), 1U);
  EXPECT_EQ(outcome.remarks[0].text,
            "1 value of 0.0 MiB is kept: to make it again would take more than 2 % of the time");
  EXPECT_TRUE(run(graph, Recompute::always).changed);
}

}  // namespace
}  // namespace sinter
