#include "passes/slab_size.h"

#include <gtest/gtest.h>

#include <limits>

#include "ir/text.h"
#include "passes/slab_estimate.h"
#include "passes/slab_plan.h"
#include "passes/slab_remainder.h"
#include "passes/whole_slab_target.h"
#include "tests/passes/test_target.h"

/// How large slabs are, and what their remainder looks like.
namespace sinter {
namespace {

/// Runs relu in two layouts: plain takes a second for each sample, sixteen samples in the lanes of a vector
/// take four seconds, however many of them there are.
class LaneTarget final : public Target {
 public:
  using Target::implementations;
  std::vector<Implementation> implementations(const Graph& graph, NodeId id,
                                              std::span<const Layout>) const override {
    const Layout plain, lanes = Layout::parse("Ab16a");
    const auto samples = graph.type(graph.node(id).operands[0]).shape[0].size;
    return {{{plain}, {plain}, static_cast<double>(samples)},
            {{lanes}, {lanes}, 4.0 * static_cast<double>((samples + 15) / 16)}};
  }
  double reorder_seconds(const Type&, const Layout&) const override { return 0; }
  std::optional<std::string> refuses_fusion(const Graph&) const override { return std::nullopt; }
};

/// The same, without a way in plain layout.
class LanesOnlyTarget final : public Target {
 public:
  using Target::implementations;
  std::vector<Implementation> implementations(const Graph& graph, NodeId id,
                                              std::span<const Layout> offered) const override {
    auto ways = LaneTarget().implementations(graph, id, offered);
    ways.erase(ways.begin());
    return ways;
  }
  double reorder_seconds(const Type&, const Layout&) const override { return 0; }
  std::optional<std::string> refuses_fusion(const Graph&) const override { return std::nullopt; }
};

Graph two_relus(int64_t samples) {
  return parse(
      fmt::format("graph f(%x: f32[{0}, 8]) -> (f32[{0}, 8]) {{ %1 = relu(%x) : f32[{0}, 8] "
                  "%2 = relu(%1) : f32[{0}, 8] return %2 }}",
                  samples));
}

// So many relus, the last of which is stored: a step.
Graph relu_step(int64_t samples, int relus = 1) {
  std::string text = fmt::format(
      "graph f(%x: f32[{0}, 8]) -> (f32[{0}, 8]) {{ param %w: f32[{0}, 8] "
      "%1 = relu(%x) : f32[{0}, 8] @ \"0\" ",
      samples);
  for (int i = 2; i <= relus; ++i) text += fmt::format("%{} = relu(%{}) : f32[{}, 8] ", i, i - 1, samples);
  return parse(text + fmt::format("return %{} into %w }}", relus));
}

SlabChoice choice_of(const Graph& graph, const PassOptions& options) {
  const SlabRegions regions = find_slab_regions(graph, options);
  return choose_slab_size(graph, regions, regions.nodes_of(0, true), options);
}

std::optional<int64_t> slab_of(const Graph& graph, const PassOptions& options) {
  return choice_of(graph, options).samples;
}

TEST(SlabSize, EveryBatchOfMoreThanASlabHasOne) {
  const LaneTarget target;
  for (int64_t samples = 1; samples < 300; ++samples) {
    const auto slab = slab_of(two_relus(samples), {.target = &target});
    EXPECT_EQ(slab.has_value(), samples > 16) << samples;
    EXPECT_LE(slab.value_or(0), 16 * std::max<int64_t>(1, samples / 128)) << samples;
  }
}

TEST(SlabSize, CountsEmptyLanes) {
  const LaneTarget target;
  EXPECT_EQ(slab_of(two_relus(20), {.target = &target}),
            16);  // slabs of 10 would take as long as those of 16
  EXPECT_EQ(slab_of(two_relus(20), {}),
            5);  // without a target samples are what counts: one slab for each of 4
}

TEST(SlabSize, CountsKernelsThatSlabsCanHave) {
  const LanesOnlyTarget target;
  const Graph graph = two_relus(33);  // what the loop reads and writes lies as the batch does
  const SlabRegions regions = find_slab_regions(graph, {});
  const auto nodes = regions.nodes_of(0, true);
  SlabEstimate estimate(graph, regions, nodes, &target);
  EXPECT_EQ(estimate.in_slabs(16)[0], 24);
  EXPECT_EQ(estimate.in_slabs(9)[0], std::numeric_limits<double>::infinity());
  EXPECT_EQ(estimate.at_once()[0], 24);
}

TEST(SlabSize, SlabsGoToTheThreadThatIsFree) {
  const LaneTarget target;
  const Graph graph = two_relus(49);
  const SlabRegions regions = find_slab_regions(graph, {});
  const auto nodes = regions.nodes_of(0, true);
  // Three slabs of two relus in four seconds each, and a sample that is quicker on its own.
  EXPECT_EQ(SlabEstimate(graph, regions, nodes, &target).in_slabs(16), (ThreadTimes{26, 16, 8}));
}

TEST(SlabSize, SaysWhatSlabsWouldTake) {
  const TestTarget target;  // each slab reads the weights
  const Graph graph = parse(
      "graph f(%x: f32[17, 1000]) -> (f32[17, 1000]) { param %w: f32[1000, 1000] "
      "%1 = linear(%x, %w) : f32[17, 1000] @ \"0\" %2 = relu(%1) : f32[17, 1000] return %2 }");
  const SlabChoice choice = choice_of(graph, {.target = &target});
  EXPECT_EQ(choice.samples, std::nullopt);
  EXPECT_EQ(choice.why_not,
            "no loop: 2 slabs of 16 samples are expected to take 8.28, 4.26, 4.26 ms on 1, 2, 4 cores, "
            "4.27, 2.57, 1.72 ms at once");
}

TEST(SlabPlan, SaysWhyALevelHasNoLoop) {
  const LaneTarget target;
  std::vector<Remark> remarks;
  const SlabPlan plan = plan_slabs(relu_step(8, 2), {.target = &target, .remarks = &remarks});
  EXPECT_FALSE(plan.has_loops());
  EXPECT_EQ(remarks, (std::vector<Remark>{{"form_slab_loops", "0", "the batch of 8 samples is one slab"}}));
}

// A mean that samples read, and a gradient of 32 bytes a lane.
std::vector<Remark> remarks_on_regions(int64_t samples) {
  const Graph graph = parse(
      fmt::format("graph f(%x: f32[{0}, 8]) -> (f32[{0}, 8], f32[8]) {{ %1 = tanh(%x) : f32[{0}, 8] @ \"0\" "
                  "%2 = mean(%1) {{axes = [0]}} : f32[8] @ \"1\" %3 = sub(%1, %2) : f32[{0}, 8] @ \"2\" "
                  "%4 = sum(%x) {{axes = [0]}} : f32[8] @ \"3\" return %3, %4 }}",
                  samples));
  std::vector<Remark> remarks;
  PassOptions options{.remarks = &remarks};
  find_slab_regions(graph, options);
  options.slabs.accumulated_bytes = 255;
  find_slab_regions(graph, options);
  return remarks;
}

// What they say is true whether loops come to be or not, and of one slab there is nothing to say.
TEST(SlabRegions, SayWhatKeepsNodesOutOfALoop) {
  EXPECT_EQ(remarks_on_regions(17),
            (std::vector<Remark>{
                {"form_slab_loops", "2",
                 "sub shares no loop with mean, which makes what it reads of the whole batch", OpKind::sub},
                {"form_slab_loops", "1",
                 "mean runs on the whole batch: its sum of 32 B is too large for 8 lanes", OpKind::mean},
                {"form_slab_loops", "2",
                 "sub shares no loop with mean, which makes what it reads of the whole batch", OpKind::sub},
                {"form_slab_loops", "3",
                 "sum runs on the whole batch: its sum of 32 B is too large for 8 lanes", OpKind::sum}}));
  EXPECT_EQ(remarks_on_regions(16), std::vector<Remark>{});
}

TEST(SlabPlan, MakesNoLoopOfANodeAloneAndSaysNothing) {
  const LaneTarget target;
  std::vector<Remark> remarks;
  EXPECT_TRUE(plan_slabs(relu_step(300, 2), {.target = &target}).has_loops());
  EXPECT_FALSE(plan_slabs(relu_step(300, 1), {.target = &target, .remarks = &remarks}).has_loops());
  EXPECT_EQ(remarks, std::vector<Remark>{});
}

TEST(SlabRemainder, IsLaidOutForItsSamples) {
  const LaneTarget target;
  const auto body = [](int64_t samples) {
    return parse(
        fmt::format("graph f(%x: f32[{0}, 8]) -> (f32[{0}, 8]) {{ "
                    "%1 = reorder(%x) : f32[{0}, 8]{{Ab16a}} %2 = relu(%1) : f32[{0}, 8]{{Ab16a}} "
                    "%3 = reorder(%2) : f32[{0}, 8] return %3 }}",
                    samples));
  };
  Graph one = body(1), many = body(15);
  lay_out_remainder(one, {.target = &target});
  lay_out_remainder(many, {.target = &target});
  EXPECT_EQ(print(one),
            "graph f(%x: f32[1, 8]) -> (f32[1, 8]) {\n  %1 = relu(%x) : f32[1, 8]\n  return %1\n}\n");
  EXPECT_EQ(print(many), print(body(15)));
}

TEST(SlabRemainder, KeepsLayoutsThatGoOutOfTheLoop) {
  const LaneTarget target;
  const std::string text =
      "graph f(%x: f32[1, 8]) -> (f32[1, 8]{Ab16a}) {\n  %1 = reorder(%x) : f32[1, 8]{Ab16a}\n"
      "  return %1\n}\n";
  Graph body = parse(text);
  lay_out_remainder(body, {.target = &target});
  EXPECT_EQ(print(body), text);
}

TEST(WholeSlabTarget, AsksForFewWholeBlocksWhereLoopsFollow) {
  const LaneTarget target;
  const auto lanes = [&](int64_t samples, bool loops_follow) {
    const Graph step = relu_step(samples);
    const WholeSlabTarget asked(target, step, {.loops_follow = loops_follow});
    return asked.implementations(step, 0)[1].seconds;
  };
  EXPECT_EQ(lanes(129, true), 32);
  EXPECT_EQ(lanes(129, false), 36);
  EXPECT_EQ(lanes(9, true), 4);
  EXPECT_EQ(lanes(1000000, true), 64);
}

TEST(WholeSlabTarget, AsksForTheBatchOfAForwardPass) {
  const LaneTarget target;
  const Graph graph = two_relus(129);
  EXPECT_EQ(WholeSlabTarget(target, graph, {.loops_follow = true}).implementations(graph, 1)[1].seconds, 36);
}

}  // namespace
}  // namespace sinter
