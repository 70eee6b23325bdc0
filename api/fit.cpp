#include <algorithm>
#include <cmath>
#include <limits>
#include <sinter/fit.hpp>

#include "api/execution.h"
#include "api/fit_checkpoint.h"
#include "api/fit_data.h"
#include "api/training_plan.h"

namespace sinter {
namespace {

TrainOptions train_options(const TrainingOptions& training, const FitOptions& options) {
  check_option("epochs", static_cast<double>(options.epochs), 1, 1e6);
  check_option("accumulate", static_cast<double>(options.accumulate), 1, 1e6);
  check_option("crop_padding", static_cast<double>(options.crop_padding), 0, 1e4);
  TrainOptions result;
  result.batch_size = training.batch_size;
  result.lr = learning_rate_of(training);
  result.schedule = parse_lr_schedule(options.lr_schedule, result.lr);
  if (!options.warmup.empty()) parse_warmup(options.warmup, result.schedule);
  result.epochs = options.epochs;
  result.accumulate = options.accumulate;
  result.seed = training.seed;
  result.shuffle = options.shuffle;
  result.normalization = normalization_of(options);
  result.augmentation = {.crop_padding = options.crop_padding, .flip = options.flip};
  result.backend = training.execution.backend;
  result.pass_options = training_pass_options(training);
  result.backend_options = backend_options(training.execution);
  return result;
}

EpochMetrics metrics_of(const EpochReport& report, bool validated) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  return {.epoch = report.epoch,
          .loss = report.train.loss,
          .accuracy = report.train.accuracy,
          .validation_loss = validated ? report.test.loss : unknown,
          .validation_accuracy = validated ? report.test.accuracy : unknown,
          .learning_rate = report.lr,
          .seconds = report.seconds};
}

}  // namespace

std::vector<EpochMetrics> fit(Model& model, const LabelledData& data, const TrainingOptions& training,
                              const FitOptions& options) {
  const WeightsInTraining trained(ModelAccess::state(model));
  const DataSet set = data_set_of(trained.graph(), data, options.validation);
  const TrainOptions train = train_options(training, options);
  FitCheckpoint checkpoint(options, trained, recipe_of(trained.graph(), set, train));
  Trainer trainer(trained.graph(), set, trained.weights(), make_pool(training.execution), train);
  if (training.execution.warn && !checkpoint.remark().empty()) training.execution.warn(checkpoint.remark());
  if (const auto remark = trainer.schedule_remark(); training.execution.warn && !remark.empty())
    training.execution.warn(remark);
  const int64_t first_epoch = checkpoint.begin(trainer);

  const auto after_step = [&](const Progress& step) {
    if (options.on_step)
      options.on_step(
          {.epoch = step.epoch, .step = step.step, .loss = step.step_loss, .learning_rate = step.lr});
    const bool stops = options.stop.stop_requested();
    if (stops || step.images == step.images_total) checkpoint.write(trainer);
    return !stops;
  };
  std::vector<EpochMetrics> history;
  for (int64_t epoch = first_epoch; epoch <= options.epochs && !options.stop.stop_requested(); ++epoch) {
    const EpochReport report = trainer.run_epoch(after_step);
    if (report.stopped) break;
    history.push_back(metrics_of(report, set.test.count > 0));
    if (options.on_epoch) options.on_epoch(history.back());
  }
  return history;
}

}  // namespace sinter
