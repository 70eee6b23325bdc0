#include <gtest/gtest.h>

#include <algorithm>

#include "tests/api/small_classifier.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

TrainingOptions options_with(int64_t batch_size) { return {.batch_size = batch_size}; }

TEST(Fit, LearnsAndValidates) {
  Model model = small_classifier();
  const Halves train(40), validation(10);
  int64_t steps = 0, epochs = 0;
  const auto history = fit(
      model, {train.values, train.labels}, {.batch_size = 16, .optimizer = Sgd{.lr = 0.5, .momentum = 0.9}},
      {.epochs = 8,
       .validation = {validation.values, validation.labels},
       .on_step = [&](const StepMetrics&) { ++steps; },
       .on_epoch = [&](const EpochMetrics& epoch) { EXPECT_EQ(epoch.epoch, ++epochs); }});
  ASSERT_EQ(history.size(), 8);
  EXPECT_EQ(epochs, 8);
  EXPECT_EQ(steps, 24);  // two of 16 and one of 8 an epoch
  EXPECT_LT(history.back().loss, history.front().loss);
  EXPECT_EQ(history.back().validation_accuracy, 1);
  EXPECT_LT(history.back().validation_loss, 0.1);
}

// A byte is the float that it stands for.
TEST(Fit, TakesBytesAndFloats) {
  const Halves data(20);
  Model one = small_classifier(), two = small_classifier();
  fit(one, {data.values, data.labels}, options_with(8), {.epochs = 2});
  const auto history = fit(two, {data.pixels, data.labels}, options_with(8), {.epochs = 2});
  EXPECT_TRUE(std::isnan(history[0].validation_loss));
  for (const TensorInfo& info : one.parameters()) EXPECT_EQ(values_of(one, info), values_of(two, info));
}

TEST(Fit, OneTrainingAtATimeHasACheckpoint) {
  const TemporaryFolder folder;
  const Halves data(20);
  const LabelledData samples{data.values, data.labels};
  Model model = small_classifier(), other = small_classifier();
  std::string refusal;
  const auto again = [&](const StepMetrics&) {
    refusal = message_of<InputError>(
        [&] { fit(other, samples, options_with(8), {.checkpoint = folder / "c", .resume = true}); });
  };
  fit(model, samples, options_with(20), {.epochs = 1, .checkpoint = folder / "c", .on_step = again});
  EXPECT_TRUE(refusal.starts_with((folder / "c").string() + " is in use by process ")) << refusal;
  fit(other, samples, options_with(20), {.epochs = 1, .checkpoint = folder / "c", .overwrite = true});
}

TEST(Fit, ResumesWithTheSameBits) {
  const TemporaryFolder folder;
  const Halves data(20);
  const LabelledData samples{data.values, data.labels};
  const TrainingOptions training{.batch_size = 8, .optimizer = Adam{}};
  Model whole = small_classifier(), stopped = small_classifier(), resumed = small_classifier();
  fit(whole, samples, training, {.epochs = 3});
  std::stop_source source;
  const auto stop = [&](const StepMetrics& step) {
    if (step.epoch == 2 && step.step == 2) source.request_stop();
  };
  const auto begun =
      fit(stopped, samples, training,
          {.epochs = 3, .checkpoint = folder / "c", .stop = source.get_token(), .on_step = stop});
  EXPECT_EQ(begun.size(), 1);
  const auto rest =
      fit(resumed, samples, training, {.epochs = 3, .checkpoint = folder / "c", .resume = true});
  EXPECT_EQ(rest.size(), 2);
  for (const TensorInfo& info : whole.parameters())
    EXPECT_EQ(values_of(whole, info), values_of(resumed, info));
  // Where the last epoch is done there is nothing left to do.
  EXPECT_TRUE(
      fit(resumed, samples, training, {.epochs = 3, .checkpoint = folder / "c", .resume = true}).empty());

  TrainingOptions other = training;
  other.batch_size = 4;
  const std::string path = folder / "c";
  EXPECT_EQ(message_of<InputError>(
                [&] { fit(resumed, samples, other, {.epochs = 3, .checkpoint = path, .resume = true}); }),
            path + ": the checkpoint's batch size is 8; this run's is 4. A training goes on as it began");
}

// The rules of `sinter train`.
TEST(Fit, ACheckpointIsNotOverwrittenUnasked) {
  const TemporaryFolder folder;
  const Halves data(8);
  const std::string path = folder / "c";
  Model model = small_classifier();
  const auto train = [&](const FitOptions& options) {
    return fit(model, {data.values, data.labels}, options_with(8), options).size();
  };
  const auto message = [&](const FitOptions& options) {
    return message_of<InputError>([&] { train(options); });
  };
  EXPECT_EQ(train({.epochs = 2, .checkpoint = path, .resume = true}), 2U) << "begins where there is none";
  const std::string before = content_of(path);
  EXPECT_EQ(message({.epochs = 1, .checkpoint = path}),
            path + " holds a training of " + model.name() +
                " at epoch 2, step 1: resume goes on with it, overwrite begins anew");
  EXPECT_EQ(content_of(path), before);
  EXPECT_EQ(train({.epochs = 3, .checkpoint = path, .resume = true}), 1U);
  EXPECT_EQ(train({.epochs = 1, .checkpoint = path, .overwrite = true}), 1U);
  folder.file("c", "a letter");
  EXPECT_EQ(message({.checkpoint = path}),
            path +
                ": it does not begin with \"sinter checkpoint 2\"; overwrite begins a training in its "
                "place");
  EXPECT_EQ(content_of(path), "a letter");
  folder.file("c", "");
  EXPECT_EQ(train({.epochs = 1, .checkpoint = path}), 1U) << "an empty file holds nothing";
  EXPECT_EQ(message({.checkpoint = path, .resume = true, .overwrite = true}), "resume excludes overwrite");
  EXPECT_EQ(message({.overwrite = true}), "overwrite needs a checkpoint to write");
  EXPECT_EQ(message({.checkpoint = "/nowhere/c"}), "cannot write /nowhere/c: there is no folder /nowhere");
}

TEST(Fit, TellsOfAScheduleThatMakesNoSense) {
  Model model = small_classifier();
  const Halves data(8);
  std::vector<std::string> warnings;
  TrainingOptions training = options_with(8);
  training.execution.warn = [&](std::string_view text) { warnings.emplace_back(text); };
  fit(model, {data.values, data.labels}, training, {.epochs = 2, .warmup = "3"});
  const std::string warning =
      "the warm-up takes 3 updates and the training has 2, 1 an epoch: the learning rate does not get to "
      "that "
      "of the schedule; expected a warm-up of at most 2";
  EXPECT_EQ(std::ranges::count(warnings, warning), 1);
  EXPECT_EQ(
      message_of<InputError>([&] {
        fit(model, {data.values, data.labels}, training, {.lr_schedule = "cosine:9"});
      }),
      "learning rate schedule \"cosine:9\": expected cosine or cosine:MIN with a last rate from 0 to the "
      "base, 0.1");
}

TEST(Fit, ReportsWhatDoesNotFit) {
  Model model = small_classifier();
  const Halves data(4);
  const auto message = [&](const LabelledData& samples, const FitOptions& options = {}) {
    return message_of<InputError>([&] { fit(model, samples, options_with(2), options); });
  };
  EXPECT_EQ(message({}), "no samples to train on");
  EXPECT_EQ(message({std::span(data.values).first(100), data.labels}),
            "samples: found 100 elements of f32; expected 144 of f32 or u8, for 4 labels and %image: f32[N, "
            "1, 6, 6]");
  EXPECT_EQ(message({data.values, std::vector<int64_t>{0, 1, 5, 0}}),
            "labels: element 2 is 5; expected 0 to 1, the model's classes");
  EXPECT_EQ(message({data.values, data.labels}, {.flip = true}),
            "augmentation and normalisation are for pictures of bytes; floats are taken as they are");
  EXPECT_EQ(message({data.values, data.labels}, {.epochs = 0}),
            "epochs is 0; expected a number from 1 to 1000000");
  EXPECT_EQ(message({data.values, data.labels}, {.resume = true}), "resume needs a checkpoint to go on from");
  ModelBuilder builder("flat");
  Model flat = builder.build(linear(builder.input("x", {"N", 36}), 2));
  EXPECT_EQ(
      message_of<InputError>([&] {
        fit(flat, {data.values, data.labels});
      }),
      "model \"flat\" is not what fit() trains: one input f32[N, channels, height, width] of a symbol N and "
      "one output [N, classes]; TrainingSession trains others");
}

// It ends the training; the model is free again and has what it learnt.
TEST(Fit, PassesOnWhatACallbackThrows) {
  Model model = small_classifier();
  const auto before = values_of(model, model.parameters()[0]);
  const Halves data(4);
  const auto stop = [](const EpochMetrics&) { throw std::runtime_error("enough"); };
  EXPECT_THROW(fit(model, {data.values, data.labels}, options_with(2), {.on_epoch = stop}),
               std::runtime_error);
  EXPECT_NE(values_of(model, model.parameters()[0]), before);
  EXPECT_NO_THROW(fit(model, {data.values, data.labels}, options_with(2), {.epochs = 1}));
}

}  // namespace
}  // namespace sinter
