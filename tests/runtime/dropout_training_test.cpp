#include <gtest/gtest.h>

#include "ir/build.h"
#include "runtime/initialize.h"
#include "runtime/trainer.h"
#include "tests/runtime/small_data.h"
#include "tests/runtime/small_models.h"

namespace sinter {
namespace {

Graph with_dropout(bool relu_max, double p = 0.3) {
  Graph graph;
  const auto act = [&](Value x) { return relu_max ? relu(x) : sigmoid(x); };
  const auto pool = [&](Value x) {
    return relu_max ? max_pool2d(x, {.kernel_size = {2, 2}}) : avg_pool2d(x, {.kernel_size = {2, 2}});
  };
  Value x = graph.input("image", {DType::f32, {"N", 1, 28, 28}});
  x = dropout(pool(act(models::with_weights(graph, "0", x, 6, 5, 2))), p);
  x = flatten(pool(act(models::with_weights(graph, "4", x, 16, 5, 0))));
  x = dropout(act(models::dense(graph, "8", x, 84)), p);
  graph.add_result(models::dense(graph, "11", x, 10));
  graph.at({});
  return graph;
}

struct Training {
  std::string backend = "auto";
  int threads = 1;
  int64_t batch_size = 40, accumulate = 1, slab = 0;
  uint64_t seed = 1;
  int epochs = 2;
};

TrainOptions options_of(const Training& run) {
  TrainOptions options;
  options.backend = run.backend;
  options.batch_size = run.batch_size;
  options.accumulate = run.accumulate;
  options.seed = run.seed;
  options.lr = 0.1;
  options.shuffle = false;
  options.pass_options.momentum = 0.9;
  options.pass_options.slabs.slab = run.slab;
  return options;
}

NamedTensors trained(const Graph& model, const Training& run) {
  const DataSet data = small_data();  // 50 examples: a remainder
  const Weights weights(initialize(model, "default", 5));
  Trainer trainer(model, data, weights, std::make_shared<ThreadPool>(run.threads), options_of(run));
  for (int epoch = 0; epoch < run.epochs; ++epoch) trainer.run_epoch();
  return weights.tensors();
}

void expect_near(const NamedTensors& expected, const NamedTensors& found, double tolerance) {
  for (const auto& [name, tensor] : expected) {
    if (!found.contains(name)) continue;  // states of one of the two
    for (int64_t i = 0; i < tensor.count(); ++i)
      ASSERT_NEAR(found.at(name).at(i), tensor.at(i), tolerance) << name << " " << i;
  }
}

TEST(DropoutTraining, SameBitsForAnyNumberOfThreads) {
  for (const bool relu_max : {false, true})
    for (const int64_t slab : {0, 8, 16}) {
      const Graph model = with_dropout(relu_max);
      const NamedTensors one = trained(model, {.slab = slab});
      EXPECT_EQ(trained(model, {.threads = 2, .slab = slab}), one) << slab;
      EXPECT_EQ(trained(model, {.threads = 3, .slab = slab}), one) << slab;
    }
}

// Slabs and backends add gradients up in other orders; a mask that differed would move whole weights.
TEST(DropoutTraining, SlabsAndBackendsDropTheSame) {
  const Graph model = with_dropout(true);
  const NamedTensors expected = trained(model, {.backend = "reference", .epochs = 1});
  for (const int64_t slab : {0, 8, 16})
    expect_near(expected, trained(model, {.threads = 2, .slab = slab, .epochs = 1}), 1e-4);
}

// A mask follows from the sample's number, not from the batch that it is in.
TEST(DropoutTraining, SummedBatchesAreOneLargeBatch) {
  const Graph model = with_dropout(false);
  expect_near(trained(model, {.batch_size = 20}), trained(model, {.batch_size = 5, .accumulate = 4}), 2e-5);
}

TEST(DropoutTraining, SeedsAndStepsDropOtherElements) {
  const Graph model = with_dropout(true);
  const NamedTensors first = trained(model, {.epochs = 1});
  EXPECT_EQ(trained(model, {.epochs = 1}), first);
  EXPECT_NE(trained(model, {.seed = 2, .epochs = 1}), first);  // nothing is shuffled
}

TEST(DropoutTraining, GoesOnWithTheSameBits) {
  const DataSet data = small_data();
  const Graph model = with_dropout(true);
  const Training run{.batch_size = 10};
  const NamedTensors whole = trained(model, run);
  const Weights weights(initialize(model, "default", 5));
  TrainingPosition position;
  {
    Trainer trainer(model, data, weights, std::make_shared<ThreadPool>(2), options_of(run));
    trainer.run_epoch();
    trainer.run_epoch([](const Progress& progress) { return progress.step < 3; });
    position = trainer.position();
  }
  Trainer trainer(model, data, weights, std::make_shared<ThreadPool>(2), options_of(run));
  trainer.go_on_from(position);
  trainer.run_epoch();
  EXPECT_EQ(weights.tensors(), whole);
}

// An evaluation drops nothing: the loss of the test examples is that of the model without dropout.
TEST(DropoutTraining, TestsWithoutIt) {
  const DataSet data = small_data();
  std::vector<double> losses;
  for (const double p : {0.0, 0.9}) {
    const Graph model = with_dropout(true, p);
    TrainOptions options = options_of({});
    options.lr = 0;
    Trainer trainer(model, data, Weights(initialize(model, "default", 5)), std::make_shared<ThreadPool>(1),
                    options);
    const EpochReport report = trainer.run_epoch();
    losses.push_back(report.test.loss);
    losses.push_back(report.train.loss);
  }
  EXPECT_EQ(losses[0], losses[2]);
  EXPECT_NE(losses[1], losses[3]);
}

}  // namespace
}  // namespace sinter
