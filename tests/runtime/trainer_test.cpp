#include "runtime/trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ir/interpreter.h"
#include "runtime/initialize.h"
#include "tests/runtime/allocation_count.h"
#include "tests/runtime/small_data.h"
#include "tests/runtime/small_models.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

std::shared_ptr<ThreadPool> pool_of(int threads) { return std::make_shared<ThreadPool>(threads); }

TrainOptions options_with(int64_t batch_size, double lr) {
  TrainOptions options;
  options.batch_size = batch_size;
  options.lr = lr;
  return options;
}

NamedTensors trained(const Graph& model, const DataSet& data, int threads, const TrainOptions& options,
                     int epochs) {
  const Weights weights(initialize(model, "default", 5));
  Trainer trainer(model, data, weights, pool_of(threads), options);
  for (int epoch = 0; epoch < epochs; ++epoch) trainer.run_epoch();
  return weights.tensors();
}

TEST(Trainer, SameBitsForAnyNumberOfThreads) {
  const DataSet data = small_data();
  for (const bool relu_max : {false, true}) {
    TrainOptions options = options_with(16, 0.1);  // 50 examples: three full batches and a remainder of 2
    options.pass_options = {.momentum = 0.9, .weight_decay = 1e-3, .nesterov = relu_max};
    const Graph model = small_lenet(relu_max);
    const NamedTensors one = trained(model, data, 1, options, 2);
    EXPECT_EQ(trained(model, data, 2, options, 2), one);
    EXPECT_EQ(trained(model, data, 3, options, 2), one);
  }
}

// The norm of all gradients and an optimizer with states, on batches that are summed.
TEST(Trainer, SameBitsForAnyNumberOfThreadsWithAllThatAnUpdateMayHave) {
  const DataSet data = small_data();
  TrainOptions options = options_with(10, 0.01);
  options.accumulate = 2;
  options.schedule = parse_lr_schedule("cosine", options.lr);
  options.epochs = 2;
  options.pass_options = {.label_smoothing = 0.1, .optimizer = "adamw", .clip = {.value = 0.5, .norm = 0.7}};
  const Graph model = small_lenet(true);
  const NamedTensors one = trained(model, data, 1, options, 2);
  EXPECT_EQ(trained(model, data, 2, options, 2), one);
  EXPECT_EQ(trained(model, data, 3, options, 2), one);
}

void expect_near(const NamedTensors& a, const NamedTensors& b, double tolerance) {
  for (const auto& [name, tensor] : a) {
    if (!b.contains(name)) continue;
    for (int64_t i = 0; i < tensor.count(); ++i)
      ASSERT_NEAR(tensor.at(i), b.at(name).at(i), tolerance) << name << ", element " << i;
  }
}

// 50 examples: of 20 at once two batches and a rest of 10, of 5 groups of four and one of two.
TEST(Trainer, SummedBatchesAreOneLargeBatch) {
  const DataSet data = small_data();
  const Graph model = small_lenet(false);
  for (const char* reduction : {"mean", "sum"}) {
    TrainOptions large = options_with(20, std::string(reduction) == "mean" ? 0.2 : 0.01);
    large.pass_options = {.loss_reduction = reduction, .momentum = 0.9, .clip = {.norm = 1}};
    TrainOptions small = large;
    small.batch_size = 5;
    small.accumulate = 4;
    expect_near(trained(model, data, 2, small, 2), trained(model, data, 2, large, 2), 2e-5);
  }
}

TEST(Trainer, EveryOptimizerLearns) {
  const DataSet data = small_data(60, 20);
  const Graph model = small_lenet(true);
  for (const char* optimizer : {"adam", "adamw", "rmsprop"}) {
    const Weights weights(initialize(model, "kaiming_uniform", 0));
    TrainOptions options = options_with(20, 1e-3);
    options.pass_options.optimizer = optimizer;
    Trainer trainer(model, data, weights, pool_of(2), options);
    const Score first = trainer.run_epoch().train;
    EpochReport last;
    for (int epoch = 0; epoch < 25; ++epoch) last = trainer.run_epoch();
    EXPECT_LT(last.train.loss, 0.5 * first.loss) << optimizer;
    EXPECT_GT(last.train.accuracy, 0.8) << optimizer;
  }
}

// A norm that is tiny makes steps of a known length: |step| = lr * norm.
TEST(Trainer, ClipsTheNormOfAllGradients) {
  const DataSet data = small_data(20, 10);
  const Graph model = small_lenet(true);
  TrainOptions options = options_with(20, 0.5);
  options.pass_options.clip.norm = 1e-2;
  const NamedTensors before = initialize(model, "default", 5), after = trained(model, data, 2, options, 1);
  double squares = 0;
  for (const auto& [name, tensor] : after)
    for (int64_t i = 0; i < tensor.count(); ++i) squares += std::pow(tensor.at(i) - before.at(name).at(i), 2);
  EXPECT_NEAR(std::sqrt(squares), 0.5 * 1e-2, 1e-5);
}

TEST(Trainer, FollowsTheSchedule) {
  const DataSet data = small_data(40, 10);
  const Graph model = small_lenet(false);
  TrainOptions options = options_with(10, 0.5);
  options.accumulate = 2;
  options.schedule = parse_lr_schedule("step:1,0.5", options.lr);
  parse_warmup("2", options.schedule);
  const Weights weights(initialize(model, "default", 5));
  Trainer trainer(model, data, weights, pool_of(1), options);
  std::vector<double> rates;
  for (int epoch = 0; epoch < 2; ++epoch)
    trainer.run_epoch([&](const Progress& progress) {
      rates.push_back(progress.lr);
      return true;
    });
  EXPECT_EQ(rates, (std::vector<double>{0.25, 0.25, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25}));
  options.schedule = parse_lr_schedule("cosine", options.lr);
  EXPECT_EQ(message_of<InputError>([&] { Trainer(model, data, weights, pool_of(1), options); }),
            "the learning rate schedule needs the number of epochs");
}

TEST(Trainer, LearnsItsExamples) {
  const DataSet data = small_data(60, 20);
  const Graph model = small_lenet(true);
  const Weights weights(initialize(model, "xavier_uniform", 0));
  Trainer trainer(model, data, weights, pool_of(2), options_with(20, 0.1));
  const Score first = trainer.run_epoch().train;
  EpochReport last;
  for (int epoch = 0; epoch < 60; ++epoch) last = trainer.run_epoch();
  EXPECT_NEAR(first.loss, std::log(10.0), 0.4);
  EXPECT_LT(last.train.loss, 0.3);
  EXPECT_GT(last.train.accuracy, 0.9);
  EXPECT_EQ(last.epoch, 61);
  EXPECT_GT(last.images_per_second, 0);
}

TEST(Trainer, SumIsMeanTimesBatch) {
  const DataSet data = small_data(40, 10);
  const Graph model = small_lenet(false);
  TrainOptions mean = options_with(20, 0.2), sum = options_with(20, 0.01);
  sum.pass_options.loss_reduction = "sum";
  const NamedTensors by_mean = trained(model, data, 1, mean, 1), by_sum = trained(model, data, 1, sum, 1);
  for (const auto& [name, tensor] : by_mean)
    for (int64_t i = 0; i < tensor.count(); ++i)
      EXPECT_NEAR(tensor.at(i), by_sum.at(name).at(i), 1e-5) << name;
}

// The training step against gradient descent done by hand on the interpreter's loss.
TEST(Trainer, StepFollowsTheGradient) {
  const DataSet data = small_data(8, 8);
  const Graph model = small_lenet(false);
  TrainOptions options = options_with(8, 1e-3);
  options.shuffle = false;
  NamedTensors first = initialize(model, "default", 2), before;
  for (const auto& [name, tensor] : first) before.emplace(name, tensor.clone());
  const Weights weights(std::move(first));
  double loss = 0;
  Trainer trainer(model, data, weights, pool_of(1), options);
  trainer.run_epoch([&](const Progress& progress) {
    loss = progress.step_loss;
    return true;
  });
  const auto loss_with = [&](const Weights& given) {
    Classifier classifier(model, data, given, pool_of(1), evaluation_options("reference", {}, {}));
    BatchLoader loader(data.train, {.batch_size = 8});
    prepare_for(classifier, loader, 8);
    return evaluate(classifier, loader, true).loss;
  };
  EXPECT_NEAR(loss_with(Weights(before)), loss, 1e-6);
  double expected_drop = 0;  // lr * |gradient|^2, the gradient being (before - after) / lr
  for (const auto& [name, tensor] : weights.tensors())
    for (int64_t i = 0; i < tensor.count(); ++i)
      expected_drop += std::pow(before.at(name).at(i) - tensor.at(i), 2) / 1e-3;
  EXPECT_NEAR(loss - loss_with(weights), expected_drop, 0.1 * expected_drop);
}

TEST(Trainer, MeanSquaredErrorAgainstOneHotRows) {
  const DataSet data = small_data(60, 20);
  const Graph model = small_lenet(true);
  const Weights weights(initialize(model, "xavier_uniform", 0));
  TrainOptions options = options_with(20, 0.3);
  options.pass_options.loss = "mse";
  Trainer trainer(model, data, weights, pool_of(2), options);
  const Score first = trainer.run_epoch().train;
  Score last;
  for (int epoch = 0; epoch < 20; ++epoch) last = trainer.run_epoch().train;
  EXPECT_LT(last.loss, first.loss);
  EXPECT_GT(last.accuracy, 0.2);
}

// A step at once, and in a loop over slabs.
class NonFiniteLoss : public testing::TestWithParam<int64_t> {};

TEST_P(NonFiniteLoss, StopsWithTheOpThatMadeItAndKeepsTheWeights) {
  const DataSet data = small_data(40, 10);
  const Graph model = small_lenet(true);
  NamedTensors first = initialize(model, "default", 1);
  // Finite weights whose products overflow: the convolution is the first to make an infinity.
  for (float& w : first.at("3.weight").values<float>()) w = 3e38F;
  NamedTensors before;
  for (const auto& [name, tensor] : first) before.emplace(name, tensor.clone());
  const Weights weights(std::move(first));
  TrainOptions options = options_with(20, 0.1);
  options.pass_options.momentum = 0.5;
  options.pass_options.slabs.slab = GetParam();
  options.backend = "reference";  // oneDNN's ReLU makes 0 of the NaN that follows
  Trainer trainer(model, data, weights, pool_of(2), options);
  const std::string message = message_of<Error>([&] { trainer.run_epoch(); });
  EXPECT_TRUE(message.starts_with("the loss is ") &&
              message.find(" in step 1 of epoch 1: conv2d of \"3\" (node ") != std::string::npos)
      << message;
  EXPECT_TRUE(message.ends_with("; training stopped, and the weights are those before this step")) << message;
  for (const auto& [name, tensor] : before) EXPECT_EQ(weights.at(name), tensor) << name;
}

INSTANTIATE_TEST_SUITE_P(Slab, NonFiniteLoss, testing::Values(0, 4));

TEST(Trainer, AParameterThatIsNotFiniteStopsEvenWhereTheLossHidesIt) {
  const DataSet data = small_data(40, 10);
  const Graph model = small_lenet(true);
  for (const std::string& backend : backend_names()) {
    NamedTensors first = initialize(model, "default", 1);
    first.at("3.weight").values<float>()[7] = std::nanf("");
    TrainOptions options = options_with(20, 0.1);
    options.backend = backend;
    Trainer trainer(model, data, Weights(std::move(first)), pool_of(2), options);
    EXPECT_EQ(message_of<Error>([&] { trainer.run_epoch(); }),
              "parameter 3.weight holds nan before epoch 1; training stopped");
  }
}

TEST(Trainer, StopsWhenAsked) {
  const DataSet data = small_data(40, 10);
  const Graph model = small_lenet(true);
  const Weights weights(initialize(model, "default", 1));
  Trainer trainer(model, data, weights, pool_of(1), options_with(10, 0.1));
  int64_t steps = 0;
  const EpochReport report =
      trainer.run_epoch([&](const Progress& progress) { return (steps = progress.step) < 2; });
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(steps, 2);
  EXPECT_FALSE(trainer.run_epoch().stopped);  // and goes on when asked again
}

TEST(Trainer, AStepAllocatesNothingAfterTheFirstOfItsSize) {
  if (!allocation_count()) GTEST_SKIP() << "a sanitizer has its own allocator";
  const DataSet data = small_data(50, 20);
  for (const bool relu_max : {false, true}) {
    const Graph model = small_lenet(relu_max);
    const Weights weights(initialize(model, "default", 1));
    TrainOptions options = options_with(16, 0.1);
    options.pass_options.momentum = 0.9;
    options.backend = "reference";  // oneDNN's library allocates a little in every call
    Trainer trainer(model, data, weights, pool_of(3), options);
    int64_t before = 0, after = 0;
    const auto watch = [&](const Progress& progress) {
      if (progress.step == 1) before = *allocation_count();
      after = *allocation_count();
      return true;
    };
    trainer.run_epoch(watch);  // the first of each size
    trainer.run_epoch(watch);
    EXPECT_EQ(after, before) << model.name;
  }
}

TEST(Trainer, SaysWhatDoesNotFit) {
  const DataSet data = small_data(10, 10);
  const auto message = [&](const Graph& model) {
    const Weights weights(initialize(model, "default", 0));
    return message_of<InputError>([&] { Trainer(model, data, weights, pool_of(1), options_with(5, 0.1)); });
  };
  EXPECT_EQ(message(small_lenet(false, 7)),
            "model \"lenet\" results in [N, 7]; digits has 10 classes and needs [N, 10]; "
            "--set classes=10 makes them fit where the model takes it");
  Graph wide;
  wide.name = "wide";
  wide.add_result(flatten(wide.input("picture", {DType::f32, {"N", 3, 32, 32}})));
  EXPECT_EQ(message(wide),
            "model \"wide\" takes %picture: f32[N, 3, 32, 32]; the pictures of digits are f32[N, 1, 28, 28]");
  Graph fixed;
  fixed.name = "fixed";
  fixed.add_result(flatten(fixed.input("image", {DType::f32, {4, 1, 28, 28}})));
  EXPECT_EQ(message(fixed),
            "model \"fixed\" takes %image: f32[4, 1, 28, 28] with a fixed batch; training needs a symbol "
            "such as N there");
  Graph two = small_lenet(false);
  two.input("more", {DType::f32, {"N"}});
  EXPECT_EQ(message(two), "model \"lenet\" has 2 inputs; training on pictures needs one");
}

}  // namespace
}  // namespace sinter
