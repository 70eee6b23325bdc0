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

// One channel, first or last, is the same memory.
TEST(PlanMemoryViews, LieInTheirOperand) {
  const Graph graph = read(
      "graph f(%x: f32[2, 1, 4, 4]) -> (f32[2, 1, 4, 4]) { %1 = reorder(%x) : f32[2, 1, 4, 4]{acdb} "
      "%2 = exp(%1) : f32[2, 1, 4, 4]{acdb} %3 = reorder(%2) : f32[2, 1, 4, 4] return %3 }");
  const MemoryPlan plan = plan_memory(graph);
  EXPECT_EQ(result_of(graph, plan, 0).kind, Place::Kind::bound);
  EXPECT_EQ(result_of(graph, plan, 0).owner, graph.inputs()[0]);
  EXPECT_EQ(result_of(graph, plan, 1).kind, Place::Kind::arena) << "an input is never written into";
  EXPECT_EQ(result_of(graph, plan, 2).offset, result_of(graph, plan, 1).offset);
  EXPECT_EQ(plan.arena_bytes, 128);
}

TEST(PlanMemoryViews, KeepTheirOperandAlive) {
  const Graph graph = read(
      "graph f(%x: f32[2, 1, 4, 4]) -> (f32[2, 1, 4, 4]{acdb}) { %1 = exp(%x) : f32[2, 1, 4, 4] "
      "%2 = reorder(%1) : f32[2, 1, 4, 4]{acdb} %3 = relu(%1) : f32[2, 1, 4, 4] "
      "%4 = reorder(%3) : f32[2, 1, 4, 4]{acdb} %5 = add(%2, %4) : f32[2, 1, 4, 4]{acdb} return %5 }");
  const MemoryPlan plan = plan_memory(graph);
  EXPECT_NE(result_of(graph, plan, 0).offset, result_of(graph, plan, 2).offset) << "the view is read later";
  EXPECT_EQ(result_of(graph, plan, 4).offset, result_of(graph, plan, 0).offset)
      << "in place, through the view";
  EXPECT_EQ(plan.arena_bytes, 2 * 128);
}

TEST(PlanMemoryViews, NotWhereTheOffsetsDiffer) {
  const Graph graph = read(
      "graph f(%x: f32[2, 3, 4, 4]) -> (f32[2, 3, 4, 4]{acdb}) { %1 = exp(%x) : f32[2, 3, 4, 4] "
      "%2 = reorder(%1) : f32[2, 3, 4, 4]{acdb} return %2 }");
  const MemoryPlan plan = plan_memory(graph);
  EXPECT_NE(result_of(graph, plan, 1).offset, result_of(graph, plan, 0).offset);
}

TEST(PlanMemoryViews, OfAParameterThatIsUpdatedWhereItLies) {
  const Graph graph = read(
      "graph f(%g: f32[4, 1, 3, 3]{acdb}, %lr: f32[]) -> (\"w'\": f32[4, 1, 3, 3]) { param %w: f32[4, 1, 3, "
      "3] "
      "%1 = reorder(%w) : f32[4, 1, 3, 3]{acdb} %2 = sgd_update(%1, %g, %lr) : f32[4, 1, 3, 3]{acdb} "
      "%3 = reorder(%2) : f32[4, 1, 3, 3] return %3 into %w }");
  const MemoryPlan plan = plan_memory(graph);
  for (const NodeId node : {0, 1, 2}) {
    EXPECT_EQ(result_of(graph, plan, node).kind, Place::Kind::bound);
    EXPECT_EQ(result_of(graph, plan, node).owner, graph.parameters()[0]);
  }
  EXPECT_TRUE(plan.copies.empty());
}

TEST(PlanMemoryViews, OfAParameterThatIsReadAfterItsUpdate) {
  const Graph graph = read(
      "graph f(%g: f32[4, 1, 3, 3], %lr: f32[]) -> (\"w'\": f32[4, 1, 3, 3], f32[4, 1, 3, 3]{acdb}) { "
      "param %w: f32[4, 1, 3, 3] %1 = reorder(%w) : f32[4, 1, 3, 3]{acdb} "
      "%2 = sgd_update(%w, %g, %lr) : f32[4, 1, 3, 3] %3 = relu(%1) : f32[4, 1, 3, 3]{acdb} "
      "return %2 into %w, %3 }");
  const MemoryPlan plan = plan_memory(graph);
  EXPECT_EQ(result_of(graph, plan, 1).kind, Place::Kind::arena);
  ASSERT_EQ(plan.copies.size(), 1u);
}

}  // namespace
}  // namespace sinter
