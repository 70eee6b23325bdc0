#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "backends/backend_list.h"
#include "backends/backend_table.h"
#include "ir/text.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "tests/backends/random_network.h"
#include "tests/backends/run_graph.h"

/// Training steps as the backends of the build run them: the bits do not depend on how units are spread.
namespace sinter {
namespace {

std::unique_ptr<Backend> all_backends() {
  std::vector<std::unique_ptr<Backend>> backends;
  for (const BackendEntry& entry : backend_table()) backends.push_back(entry.make({}));
  return make_backend_list(std::move(backends));
}

// Without slab loops: their kernel is the runtime's, whose own test of the same bits has them.
Graph compiled(Graph graph, std::span<const Step> steps, const Target* target, bool to_kernels) {
  std::set<std::string_view> left_out = {"form_slab_loops"};
  if (!to_kernels)
    left_out.insert({"fuse_batch_norm", "fuse_loss", "fuse_epilogues", "fuse_conv_activation_pool",
                     "assign_layouts", "fuse_statistics", "fuse_updates", "recompute"});
  std::vector<std::string> passes;
  for (const Step& step : steps)
    if (!left_out.contains(step.pass)) passes.emplace_back(step.pass);
  run_passes(graph, passes, {.loss_reduction = "mean", .momentum = 0.9, .target = target});
  return graph;
}

class SameBits : public testing::TestWithParam<int64_t> {};

TEST_P(SameBits, ForAnySpreadOfUnits) {
  const auto backend = all_backends();
  for (int seed = 0; seed < 4 && !HasFailure(); ++seed) {
    RandomEngine random(seed);
    const Graph model = random_network(GetParam(), random);
    const Graph step = compiled(model, training_pipeline(), backend.get(), true);
    std::vector<std::byte> sidecar;
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, print(step, &sidecar)));
    const Bindings bindings = step_bindings(step, random);
    const auto whole = run_graph(*backend, step, bindings, nullptr);
    for (int repeat = 0; repeat < 3; ++repeat) EXPECT_EQ(run_graph(*backend, step, bindings, &random), whole);
    const auto expected = interpret(compiled(model, training_pipeline(), nullptr, false), bindings);
    for (size_t i = 0; i < expected.size(); ++i) expect_near(whole[i], expected[i], 1e-3);
  }
}

// 17 and 64 leave a last slice that is shorter for many a number of slices.
INSTANTIATE_TEST_SUITE_P(Batch, SameBits, testing::Values(1, 17, 64));

}  // namespace
}  // namespace sinter
