#include <gtest/gtest.h>

#include <algorithm>

#include "passes/same_numbers.h"
#include "runtime/initialize.h"
#include "runtime/trainer.h"
#include "tests/runtime/small_data.h"
#include "tests/runtime/small_models.h"

namespace sinter {
namespace {

Value with_batch_norm(Graph& graph, const std::string& name, Value x) {
  const Type channels{DType::f32, {x.shape()[1]}, {}};
  const Value weight = graph.parameter(name + ".weight", channels);
  const Value bias = graph.parameter(name + ".bias", channels);
  const Value mean = graph.state(name + ".running_mean", channels);
  const Value variance = graph.state(name + ".running_var", channels);
  return batch_norm(x, mean, variance, weight, bias);
}

// The first normalises the pictures themselves, so that its statistics can be told beforehand.
Graph normalizing_model() {
  Graph graph;
  Value x = with_batch_norm(graph, "0", graph.input("image", {DType::f32, {"N", 1, 28, 28}}));
  x = models::with_weights(graph, "1", x, 5, 3, 1);
  x = max_pool2d(relu(with_batch_norm(graph, "2", x)), {.kernel_size = {4, 4}});
  graph.add_result(models::dense(graph, "5", flatten(x), 10));
  graph.at({});
  return graph;
}

NamedTensors trained(const std::string& backend, int threads, int epochs) {
  const DataSet data = small_data();
  const Graph model = normalizing_model();
  const Weights weights(initialize(model, "default", 5));
  TrainOptions options;
  options.batch_size = 50;
  options.lr = 0.05;
  options.backend = backend;
  options.pass_options.weight_decay = 0.1;
  Trainer trainer(model, data, weights, std::make_shared<ThreadPool>(threads), options);
  for (int epoch = 0; epoch < epochs; ++epoch) trainer.run_epoch();
  return weights.tensors();
}

TEST(BatchNormTraining, ScalesAndVariancesStartAtOneTheRestAtZero) {
  const NamedTensors weights = initialize(normalizing_model(), "default", 0);
  for (int64_t c = 0; c < 5; ++c) {
    EXPECT_EQ(weights.at("2.weight").at(c), 1);
    EXPECT_EQ(weights.at("2.running_var").at(c), 1);
    EXPECT_EQ(weights.at("2.bias").at(c), 0);
    EXPECT_EQ(weights.at("2.running_mean").at(c), 0);
  }
}

TEST(BatchNormTraining, AStepMovesTheRunningStatisticsByATenth) {
  const DataSet data = small_data();
  ASSERT_EQ(data.train.count, 50);  // one step is an epoch
  double sum = 0, squares = 0;
  const int64_t pixels = data.train.count * 28 * 28;
  for (int64_t i = 0; i < pixels; ++i) {
    const double value = data.train.pixels.at(i) / 255.0;
    sum += value;
    squares += value * value;
  }
  const double mean = sum / pixels;
  const double unbiased = (squares - sum * mean) / (pixels - 1);
  const NamedTensors weights = trained("auto", 1, 1);
  EXPECT_NEAR(weights.at("0.running_mean").at(0), 0.1 * mean, 1e-6);
  EXPECT_NEAR(weights.at("0.running_var").at(0), 0.9 + 0.1 * unbiased, 1e-6);
}

TEST(BatchNormTraining, SameBitsForAnyNumberOfThreads) {
  const NamedTensors expected = trained("auto", 1, 2);
  EXPECT_EQ(trained("auto", 2, 2), expected);
  EXPECT_EQ(trained("auto", 3, 2), expected);
}

TEST(BatchNormTraining, BackendsLearnAlike) {
  const NamedTensors expected = trained("reference", 2, 2), found = trained("auto", 2, 2);
  for (const auto& [name, tensor] : expected)
    for (int64_t i = 0; i < tensor.count(); ++i)
      ASSERT_NEAR(found.at(name).at(i), tensor.at(i), 2e-4) << name << " " << i;
}

// Behind a convolution, and behind a linear layer; running statistics other than zero and one.
TEST(BatchNormInference, IsFoldedIntoWeightsThatTrainingMoves) {
  const Graph model = normalizing_model();
  const Weights weights(initialize(model, "default", 5));
  const auto compiled = [&](std::vector<std::string> disabled) {
    CompileOptions options{.passes = inference_passes()};
    options.pass_options.symbols["N"] = 3;
    options.run_options.disable = std::move(disabled);
    return compile(model, options);
  };
  const auto count = [](const Graph& graph, OpKind op) {
    return std::ranges::count_if(graph.nodes(), [&](const Node& node) {
      return node.op == op || (node.op == OpKind::fusion &&
                               std::ranges::count(node.attributes.body().nodes(), op, &Node::op) > 0);
    });
  };
  const auto folded = compiled({}), apart = compiled({"fold_batch_norm", "hoist_weights"});
  EXPECT_EQ(count(folded->graph, OpKind::batch_norm), 1) << "that of the pictures themselves";
  EXPECT_EQ(folded->prepared.size(), 2U);
  EXPECT_EQ(count(apart->graph, OpKind::batch_norm), 2);
  const auto pool = std::make_shared<ThreadPool>(2);
  Session first(folded, pool, weights), second(apart, pool, weights);
  const std::vector<Tensor> inputs = random_bindings(apart->graph, 3).inputs;
  const auto expect_alike = [&] {
    first.run(inputs);
    second.run(inputs);
    for (int64_t i = 0; i < first.result(0).count(); ++i)
      ASSERT_NEAR(first.result(0).at(i), second.result(0).at(i), 1e-4) << i;
  };
  expect_alike();
  const float before = static_cast<float>(first.result(0).at(0));
  const DataSet data = small_data();
  TrainOptions options;
  options.batch_size = 50;
  options.lr = 0.05;
  Trainer trainer(model, data, weights, pool, options);
  trainer.run_epoch();
  expect_alike();
  EXPECT_NE(static_cast<float>(first.result(0).at(0)), before);
}

}  // namespace
}  // namespace sinter
