#include <gtest/gtest.h>

#include "tests/api/small_classifier.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

// One linear layer of one weight, w = 2, no bias: loss = (w x - t)^2, gradient 2 x (w x - t).
TEST(TrainingSession, StepsAsGradientDescentDoes) {
  ModelBuilder builder;
  const auto x = builder.input("x", {"N", 1});
  Model model = builder.build(linear(x, 1, {.bias = false, .name = "fc"}));
  model.write("fc.weight", std::vector<float>{2});
  InferenceSession inference(model);
  {
    TrainingSession training(model, {.batch_size = 1, .optimizer = Sgd{.lr = 0.125}, .loss = Loss::mse});
    const StepResult step = training.step(std::vector<float>{1}, std::vector<float>{4});
    EXPECT_EQ(step.loss, 4);  // (2 - 4)^2
  }
  std::vector<float> weight(1), result(1);
  model.read("fc.weight", weight);
  EXPECT_EQ(weight[0], 2.5F);  // 2 - 0.125 * 2 * (2 - 4)
  inference.run(std::vector<float>{2}, result);
  EXPECT_EQ(result[0], 5);  // made before the training, it has the new weight
}

TEST(TrainingSession, LearnsFromBatchesOfAnySize) {
  Model model = small_classifier();
  const Halves data(20);
  TrainingSession training(model, {.batch_size = 8, .optimizer = Adam{.lr = 0.01}});
  StepResult last;
  for (int epoch = 0; epoch < 20; ++epoch)
    for (int64_t begin = 0; begin < 20; begin += 8) {
      const int64_t count = std::min<int64_t>(8, 20 - begin);
      last = training.step(std::span(data.values).subspan(36 * begin, 36 * count),
                           std::span(data.labels).subspan(begin, count));
    }
  EXPECT_EQ(last.correct, 4);
  EXPECT_LT(last.loss, 0.1);
}

// What Adam keeps must not go on into the next training, nor into a file.
TEST(TrainingSession, BeginsAnewEachTime) {
  const Halves data(8);
  const auto first_loss_after = [&](Model& model) {
    TrainingSession training(model, {.batch_size = 8, .optimizer = Adam{}});
    training.step(data.values, data.labels);
    return training.step(data.values, data.labels).loss;
  };
  Model one = small_classifier();
  first_loss_after(one);
  Model two = one.clone();  // the same weights, and nothing an optimizer kept
  EXPECT_EQ(first_loss_after(one), first_loss_after(two));
}

TEST(TrainingSession, OneAtATime) {
  Model model = small_classifier();
  {
    const TrainingSession training(model, {.batch_size = 4});
    EXPECT_EQ(message_of<InputError>([&] { TrainingSession(model, {.batch_size = 4}); }),
              "model \"small\" is being trained already; one training at a time");
  }
  EXPECT_NO_THROW(TrainingSession(model, {.batch_size = 4}));
}

TEST(TrainingSession, NamesTheFirstNanAndKeepsTheWeights) {
  Model model = small_classifier();
  const auto before = values_of(model, model.parameters()[0]);
  TrainingSession training(model, {.batch_size = 1, .execution = {.backend = "reference"}});
  std::vector<float> image(36, NAN);
  const std::string message = message_of<Error>([&] { training.step(image, std::vector<int64_t>{0}); });
  EXPECT_TRUE(message.starts_with("the loss is nan: ")) << message;
  EXPECT_TRUE(message.ends_with("; the weights are those before this step")) << message;
  EXPECT_EQ(values_of(model, model.parameters()[0]), before);
}

TEST(TrainingSession, ReportsWhatDoesNotFit) {
  Model model = small_classifier();
  TrainingSession training(model, {.batch_size = 2});
  const auto message = [](const auto& action) { return message_of<InputError>(action); };
  EXPECT_EQ(message([&] { training.step(std::vector<float>(40), std::vector<int64_t>(1)); }),
            "input \"image\": found 40 elements; expected a multiple of 36, one sample of f32[N, 1, 6, 6]");
  EXPECT_EQ(message([&] { training.step(std::vector<float>(72), std::vector<int64_t>(1)); }),
            "labels: found 1 elements of i64; expected 2 integers, one for each sample");
  EXPECT_EQ(message([&] {
              training.step(std::vector<float>(72), std::vector<int32_t>{0, 2});
            }),
            "labels: element 1 is 2; expected 0 to 1, the model's classes");
  EXPECT_EQ(message([&] { training.set_learning_rate(NAN); }),
            "lr is nan; expected a number from 0 to 1000000");
}

TEST(TrainingSession, ReportsOptionsOutOfRange) {
  Model model = small_classifier();
  const auto message = [&](const TrainingOptions& options) {
    return message_of<InputError>([&] { TrainingSession(model, options); });
  };
  EXPECT_EQ(message({.batch_size = 0}), "batch_size is 0; expected a number from 1 to 1048576");
  EXPECT_EQ(message({.optimizer = Sgd{.momentum = 2}}), "momentum is 2; expected a number from 0 to 1");
  EXPECT_EQ(message({.optimizer = Adam{.lr = -1}}), "lr is -1; expected a number from 0 to 1000000");
  EXPECT_EQ(message({.label_smoothing = 2}), "label_smoothing is 2; expected a number from 0 to 1");
}

}  // namespace
}  // namespace sinter
