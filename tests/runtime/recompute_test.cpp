#include <gtest/gtest.h>

#include "runtime/initialize.h"
#include "runtime/trainer.h"
#include "tests/runtime/small_data.h"
#include "tests/runtime/small_models.h"

namespace sinter {
namespace {

// Residual blocks with batch norm, whose activations the backward pass reads: no loop over slabs keeps them
// in cache.
Graph residual_model() {
  Graph graph;
  const auto normalized = [&](const std::string& name, Value x) {
    const Type channels{DType::f32, {x.shape()[1]}, {}};
    return batch_norm(x, graph.state(name + ".running_mean", channels),
                      graph.state(name + ".running_var", channels),
                      graph.parameter(name + ".weight", channels), graph.parameter(name + ".bias", channels));
  };
  Value x = graph.input("image", {DType::f32, {"N", 1, 28, 28}});
  x = avg_pool2d(models::with_weights(graph, "0", x, 6, 3, 1), {.kernel_size = {2, 2}});
  for (const std::string block : {"1", "2", "3"}) {
    const Value y = normalized(block + ".1", models::with_weights(graph, block + ".0", x, 6, 3, 1));
    x = relu(x + normalized(block + ".3", models::with_weights(graph, block + ".2", relu(y), 6, 3, 1)));
  }
  graph.add_result(models::dense(graph, "4", flatten(avg_pool2d(x, {.kernel_size = {7, 7}})), 10));
  graph.at({});
  return graph;
}

struct Outcome {
  NamedTensors weights;
  int64_t arena_bytes;
};

Outcome train(const std::string& backend, Recompute recompute) {
  const DataSet data = small_data();
  const Graph model = residual_model();
  const Weights weights(initialize(model, "default", 5));
  TrainOptions options;
  options.batch_size = 25;
  options.lr = 0.05;
  options.backend = backend;
  options.pass_options.recompute = recompute;
  Trainer trainer(model, data, weights, std::make_shared<ThreadPool>(2), options);
  trainer.run_epoch();
  return {weights.tensors(), trainer.executables().front()->program.plan.arena_bytes};
}

class RecomputeOn : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RecomputeOn);  // no jit

TEST_P(RecomputeOn, NeedsLessMemoryForTheSameBits) {
  const Outcome kept = train(GetParam(), Recompute::never), made = train(GetParam(), Recompute::always);
  EXPECT_EQ(made.weights, kept.weights);
  EXPECT_LT(made.arena_bytes, 0.8 * static_cast<double>(kept.arena_bytes));
}

#ifdef SINTER_JIT
INSTANTIATE_TEST_SUITE_P(Backends, RecomputeOn, testing::Values("jit", "auto"));
#endif

}  // namespace
}  // namespace sinter
