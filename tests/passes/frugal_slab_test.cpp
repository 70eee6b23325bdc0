#include "passes/frugal_slab.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "passes/slab_plan.h"
#include "passes/target.h"

/// Loops over slabs that are made for the memory they save.
namespace sinter {
namespace {

/// Runs anything, plain, in a second for each sample and some for each call.
class CallTarget final : public Target {
 public:
  explicit CallTarget(double call_seconds) : call_seconds_(call_seconds) {}

  using Target::implementations;
  std::vector<Implementation> implementations(const Graph& graph, NodeId id,
                                              std::span<const Layout>) const override {
    const Node& node = graph.node(id);
    const auto samples = graph.type(node.operands[0]).shape[0].size;
    return {{std::vector<Layout>(node.operands.size()), std::vector<Layout>(node.results.size()),
             call_seconds_ + static_cast<double>(samples)}};
  }
  double reorder_seconds(const Type&, const Layout&) const override { return 0; }
  std::optional<std::string> refuses_fusion(const Graph&) const override { return std::nullopt; }

 private:
  double call_seconds_;
};

// 64 samples of 64 bytes, of which only a sum leaves the loop.
const std::string summed =
    "graph f(%x: f32[64, 16]) -> (f32[16]) { %1 = exp(%x) : f32[64, 16] @ \"0\" "
    "%2 = sum(%1) {axes = [0]} : f32[16] return %2 }";

struct Found {
  std::optional<int64_t> slab;
  std::vector<Remark> remarks;
};

Found find(const std::string& text, const Target& target, int64_t cache_bytes) {
  Found found;
  const Graph graph = parse(text);
  const PassOptions options{
      .slabs = {.cache_bytes = cache_bytes}, .target = &target, .remarks = &found.remarks};
  const SlabPlan plan = plan_slabs(graph, options);
  found.slab = plan.slabs.at(0);
  return found;
}

std::vector<Remark> remark(std::string text) { return {{"form_slab_loops", "0", std::move(text)}}; }

TEST(FrugalSlab, TakesTheLeastMemoryOfThoseThatAreAboutAsQuick) {
  // In slabs of 4 a twentieth of a second a call is 1.25 % of the time, in slabs of 2 it is 2.5 %.
  EXPECT_EQ(find(summed, CallTarget(0.05), 64).slab, 4);
  EXPECT_EQ(find(summed, CallTarget(0), 64).slab, 1);
}

TEST(FrugalSlab, SaysWhatSlabsWouldTake) {
  const Found found = find(summed, CallTarget(1), 64);
  EXPECT_EQ(found.slab, std::nullopt);
  EXPECT_EQ(
      found.remarks,
      remark("no loop: slabs of 8 samples are expected to take 1.44e+05, 7.2e+04, 3.6e+04 ms on 1, 2, 4 "
             "cores, 1.3e+05, 6.5e+04, 3.25e+04 ms at once"));
}

TEST(FrugalSlab, IsNoneWhereABatchTakesLittle) {
  const Found found = find(summed, CallTarget(0), 1024);
  EXPECT_EQ(found.slab, std::nullopt);
  EXPECT_TRUE(found.remarks.empty());
}

TEST(FrugalSlab, IsNoneWhereThereIsNotASlabForEachLane) {
  const std::string few =
      "graph f(%x: f32[7, 160]) -> (f32[160]) { %1 = exp(%x) : f32[7, 160] @ \"0\" "
      "%2 = sum(%1) {axes = [0]} : f32[160] return %2 }";
  EXPECT_EQ(find(few, CallTarget(0), 64).slab, std::nullopt);
}

TEST(FrugalSlab, IsNoneWhereWhatLeavesTheLoopIsAllThereIs) {
  const Found found = find(
      "graph f(%x: f32[64, 16]) -> (f32[64, 16]) { %1 = exp(%x) : f32[64, 16] @ \"0\" "
      "%2 = tanh(%1) : f32[64, 16] return %2 }",
      CallTarget(0), 64);
  EXPECT_EQ(found.slab, std::nullopt);
  EXPECT_EQ(found.remarks,
            remark("no loop: slabs of 8 samples would take 4.5 KiB, 5.0 KiB, 6.0 KiB of memory "
                   "on 1, 2, 4 cores, 4.0 KiB at once"));
}

TEST(FrugalSlab, IsNoneWhereALayoutJoinsItsSamples) {
  const Found found = find(
      "graph f(%x: f32[64, 16]{Ab16a}) -> (f32[16]) { %1 = exp(%x) : f32[64, 16]{Ab16a} @ \"0\" "
      "%2 = sum(%1) {axes = [0]} : f32[16] return %2 }",
      CallTarget(0.05), 64);
  EXPECT_EQ(found.slab, std::nullopt);
  EXPECT_EQ(found.remarks,
            remark("no loop: a value that slabs of 4 samples share lies in a layout that joins them"));
}

TEST(FrugalSlab, LanesHoldSumsThatTakeLessThanWhatTheyAreMadeOf) {
  const auto inside = [](int64_t samples, LaneSums sums) -> bool {
    const Graph graph = parse(
        fmt::format("graph f(%x: f32[{0}, 8], %dy: f32[{0}, 8]) -> (f32[8, 8]) {{ %1 = exp(%x) : f32[{0}, 8] "
                    "%2 = matmul(%dy, %1) {{transpose_a = true}} : f32[8, 8] return %2 }}",
                    samples));
    return find_slab_regions(graph, {.slabs = {.accumulated_bytes = 256}}, 0, sums).inside.back();
  };
  // Eight lanes take 2048 bytes, a sample's two rows 64.
  EXPECT_TRUE(inside(32, LaneSums::frugal));
  EXPECT_FALSE(inside(31, LaneSums::frugal));
  EXPECT_FALSE(inside(32, LaneSums::small));
}

}  // namespace
}  // namespace sinter
