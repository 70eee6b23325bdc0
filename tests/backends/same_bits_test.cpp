#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "backends/backend_list.h"
#include "backends/backend_table.h"
#include "ir/build.h"
#include "ir/text.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "tests/backends/run_graph.h"

/// Training steps as the backends of the build run them: the bits do not depend on how units are spread.
namespace sinter {
namespace {

std::unique_ptr<Backend> all_backends() {
  std::vector<std::unique_ptr<Backend>> backends;
  for (const BackendEntry& entry : backend_table()) backends.push_back(entry.make());
  return make_backend_list(std::move(backends));
}

Value activation(Value x, RandomEngine& random) {
  const OpKind kinds[] = {OpKind::relu, OpKind::sigmoid, OpKind::tanh};
  return apply(kinds[random_integer(random, 0, 2)], {x});
}

// One or two blocks of convolution, activation and pool, then a linear classifier: a network's training step.
Graph random_step(int64_t batch, RandomEngine& random) {
  Graph graph;
  int64_t channels = random_integer(random, 1, 5);
  Value x = graph.input("x", {DType::f32, {batch, channels, 24, 24}, {}});
  const int64_t blocks = random_integer(random, 1, 2);
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t next = random_integer(random, 5, 33), kernel = chance(random, 0.5) ? 3 : 5;
    const Value weight =
        graph.parameter(fmt::format("{}.weight", block), {DType::f32, {next, channels, kernel, kernel}, {}});
    const Value bias = graph.parameter(fmt::format("{}.bias", block), {DType::f32, {next}, {}});
    const int64_t padding = random_integer(random, 0, 2);
    x = activation(conv2d(x, weight, bias, {.padding = {padding, 0, padding, 1}}), random);
    x = chance(random, 0.7) ? max_pool2d(x, {.kernel_size = {2, 2}}) : avg_pool2d(x, {.kernel_size = {2, 2}});
    channels = next;
  }
  x = flatten(x);
  const Value weight = graph.parameter("weight", {DType::f32, {7, x.shape()[1]}, {}});
  graph.add_result(linear(x, weight, graph.parameter("bias", {DType::f32, {7}, {}})));
  return graph;
}

// Without slab loops: their kernel is the runtime's, whose own test of the same bits has them.
Graph compiled(Graph graph, std::span<const Step> steps, const Target* target, bool to_kernels) {
  std::set<std::string_view> left_out = {"form_slab_loops"};
  if (!to_kernels) left_out.insert({"fuse_epilogues", "assign_layouts"});
  std::vector<std::string> passes;
  for (const Step& step : steps)
    if (!left_out.contains(step.pass)) passes.emplace_back(step.pass);
  run_passes(graph, passes, {.loss_reduction = "mean", .momentum = 0.9, .target = target});
  return graph;
}

Bindings step_bindings(const Graph& graph, RandomEngine& random) {
  Bindings bindings = random_bindings(graph, random);
  for (size_t i = 0; i < bindings.inputs.size(); ++i) {
    const Type& type = graph.type(graph.inputs()[i]);
    if (type.dtype == DType::i64) bindings.inputs[i] = random_tensor(type, Domain::class_index, 7, random);
  }
  for (Tensor& parameter : bindings.parameters)
    for (int64_t i = 0; i < parameter.count(); ++i) parameter.set(i, 0.05 * parameter.at(i));
  return bindings;
}

class SameBits : public testing::TestWithParam<int64_t> {};

TEST_P(SameBits, ForAnySpreadOfUnits) {
  const auto backend = all_backends();
  for (int seed = 0; seed < 4 && !HasFailure(); ++seed) {
    RandomEngine random(seed);
    const Graph model = random_step(GetParam(), random);
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
