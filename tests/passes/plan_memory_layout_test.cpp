#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verify.h"
#include "passes/plan_memory.h"

/// What kernels ask of memory: scratch while they run, and padding of layouts.
namespace sinter {
namespace {

Graph read(std::string_view text) {
  Graph graph = parse(text);
  verify_or_fail(graph, "input");
  return graph;
}

const Place& result_of(const Graph& graph, const MemoryPlan& plan, NodeId node) {
  return plan.places[graph.node(node).results[0].index];
}

Graph two_softmaxes() {
  return read(
      "graph f(%x: f32[16, 16]) -> (f32[16, 16]) { %1 = softmax(%x) : f32[16, 16] "
      "%2 = softmax(%1) : f32[16, 16] return %2 }");
}

TEST(PlanMemoryScratch, LiesBesideWhatLives) {
  const Graph graph = two_softmaxes();
  const int64_t scratch[] = {0, 100};
  const MemoryPlan plan = plan_memory(graph, scratch);
  EXPECT_EQ(plan.arena_bytes, 2 * 1024 + 128) << "two values, and 100 bytes in blocks of 64";
  EXPECT_EQ(plan.scratch, (std::vector<int64_t>{0, 2048}));
}

TEST(PlanMemoryScratch, SharesMemoryWithWhatComesLater) {
  const Graph graph = two_softmaxes();
  const int64_t scratch[] = {1024, 0};
  const MemoryPlan plan = plan_memory(graph, scratch);
  EXPECT_EQ(plan.arena_bytes, 2 * 1024);
  EXPECT_EQ(plan.scratch[0], result_of(graph, plan, 1).offset) << "the second result is not there yet";
}

TEST(PlanMemoryScratch, IsNotKeptFromNodeToNode) {
  const Graph graph = two_softmaxes();
  const int64_t scratch[] = {4096, 4096};
  EXPECT_EQ(plan_memory(graph, scratch).arena_bytes, 4096 + 2 * 1024);
}

TEST(PlanMemoryScratch, OfNoBytesTakesNone) {
  const Graph graph = two_softmaxes();
  const int64_t none[] = {0, 0};
  EXPECT_EQ(plan_memory(graph, none).arena_bytes, plan_memory(graph).arena_bytes);
}

TEST(PlanMemoryLayouts, PaddingTakesMemory) {
  const Graph graph = read(
      "graph f(%x: f32[1, 3, 4, 4]) -> (f32[1, 3, 4, 4]) { %1 = reorder(%x) : f32[1, 3, 4, 4]{aBcd16b} "
      "%2 = relu(%1) : f32[1, 3, 4, 4]{aBcd16b} %3 = reorder(%2) : f32[1, 3, 4, 4] return %3 }");
  const MemoryPlan plan = plan_memory(graph);
  EXPECT_EQ(plan.arena_bytes, 1024 + 192) << "16 channels in the blocked layout, 3 in the plain one";
  EXPECT_EQ(result_of(graph, plan, 0).offset, result_of(graph, plan, 1).offset) << "of one layout: in place";
}

TEST(PlanMemoryLayouts, NotInPlaceAcrossLayoutsOfOneSize) {
  const Graph graph = read(
      "graph f(%x: f32[1, 16, 4, 4]) -> (f32[1, 16, 4, 4]{aBcd16b}) { %1 = exp(%x) : f32[1, 16, 4, 4] "
      "%2 = relu(%1) : f32[1, 16, 4, 4]{aBcd16b} return %2 }");
  const MemoryPlan plan = plan_memory(graph);
  EXPECT_NE(result_of(graph, plan, 0).offset, result_of(graph, plan, 1).offset);
  EXPECT_EQ(plan.arena_bytes, 2 * 1024);
}

TEST(PlanMemoryLayouts, BlockedParametersAreUpdatedInPlace) {
  const Graph graph = read(
      "graph f(%g: f32[3, 3, 1, 1]{ABcd16b16a}, %lr: f32[]) -> (\"w'\": f32[3, 3, 1, 1]{ABcd16b16a}) { "
      "param %w: f32[3, 3, 1, 1]{ABcd16b16a} "
      "%1 = sgd_update(%w, %g, %lr) : f32[3, 3, 1, 1]{ABcd16b16a} return %1 into %w }");
  const MemoryPlan plan = plan_memory(graph);
  EXPECT_EQ(result_of(graph, plan, 0).owner, graph.parameters()[0]);
  EXPECT_TRUE(plan.copies.empty());
  EXPECT_EQ(plan.arena_bytes, 0);
}

}  // namespace
}  // namespace sinter
