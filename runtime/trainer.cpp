#include "runtime/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "runtime/non_finite.h"

namespace sinter {
namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

constexpr int most_loader_threads = 4;  // each holds a batch in memory

// Bytes that only become floats do not need more than one.
int loader_threads(const Examples& examples, const ThreadPool& pool) {
  const bool work = !examples.files.empty() || examples.resize.given();
  return work ? std::min(pool.threads(), most_loader_threads) : 1;
}

bool is_mean(const PassOptions& options) { return options.loss_reduction == "mean"; }

// The passes are told what the options of the training say.
PassOptions pass_options_of(const TrainOptions& options) {
  if (options.schedule.needs_length() && options.epochs < 1)
    fail_input("the learning rate schedule needs the number of epochs");
  PassOptions result = options.pass_options;
  result.accumulate = options.accumulate > 1;
  return result;
}

}  // namespace

Trainer::Trainer(const Graph& model, const DataSet& data, Weights weights, std::shared_ptr<ThreadPool> pool,
                 const TrainOptions& options)
    : options_(options),
      weights_(weights),
      program_(model, data, weights, pool,
               {options.backend, training_passes(), pass_options_of(options), options.run_options,
                options.backend_options}),
      loader_(data.train, {.batch_size = options.batch_size,
                           .shuffle = options.shuffle,
                           .seed = options.seed,
                           .normalization = options.normalization,
                           .augmentation = options.augmentation,
                           .threads = loader_threads(data.train, *pool),
                           .limit = options.limit}),
      tester_(model, data, weights, pool,
              evaluation_options(options.backend, options.pass_options, {}, options.backend_options)),
      test_loader_(data.test, {.batch_size = options.batch_size,
                               .normalization = options.normalization,
                               .threads = loader_threads(data.test, *pool),
                               .limit = options.test_limit}) {
  prepare_for(program_, loader_, options.batch_size);
  prepare_for(tester_, test_loader_, options.batch_size);
}

TrainingLength Trainer::length() const {
  const int64_t batches = loader_.full_batches() + (loader_.remainder() > 0 ? 1 : 0);
  return {options_.epochs, (batches + options_.accumulate - 1) / options_.accumulate};
}

StepScalars Trainer::scalars_of(const Batch& batch, int64_t index, int64_t done) const {
  const int64_t update = index / options_.accumulate,
                first = update * options_.accumulate * options_.batch_size;
  const int64_t examples = std::min(options_.accumulate * options_.batch_size, loader_.count() - first);
  const bool last = (index + 1) % options_.accumulate == 0 || done + batch.count == loader_.count();
  const TrainingLength all = length();
  return {
      .lr = learning_rate(options_.schedule, options_.lr, (epoch_ - 1) * all.updates_per_epoch + update, all),
      .share = is_mean(options_.pass_options)
                   ? static_cast<double>(batch.count) / static_cast<double>(examples)
                   : 1,
      .last = last,
      .seed = options_.seed,
      .first_sample = (epoch_ - 1) * loader_.count() + done};
}

void Trainer::explain_loss(const Batch& batch, double loss, int64_t step) const {
  const std::string cause =
      first_non_finite_node(program_.executable(batch.count).graph, program_.inputs(batch.count), weights_);
  fail(
      "the loss is {} in step {} of epoch {}: {}; training stopped, and the weights are those before this "
      "step",
      std::isnan(loss) ? "nan" : "infinite", step, epoch_, cause);
}

// A backend may lose a NaN on the way to the loss (oneDNN's ReLU makes 0 of it): the weights are looked at
// too.
void Trainer::check_weights(std::string_view when) const {
  if (const auto found = first_non_finite(weights_.tensors()))
    fail("parameter {} {} epoch {}; training stopped", *found, when, epoch_);
}

void Trainer::go_on_from(const TrainingPosition& position) {
  if (position.epoch < 1 || position.step < 0 || position.step > loader_.batches())
    fail_input("step {} of epoch {}; expected 0 to {}, the steps of an epoch on this data", position.step,
               position.epoch, loader_.batches());
  position_ = position;
  begun_elsewhere_ = true;
}

EpochReport Trainer::run_epoch(const OnStep& on_step, const GoesOn& goes_on) {
  if (!std::exchange(begun_elsewhere_, false)) position_ = {.epoch = epoch_ + 1};
  epoch_ = position_.epoch;
  check_weights("before");
  EpochReport report{.epoch = epoch_};
  ScoreSum sum(is_mean(options_.pass_options), position_.totals);
  const int64_t images_before = sum.count();
  const Stopwatch watch;
  loader_.start(epoch_, position_.step);
  report.lr = position_.lr;
  for (int64_t step_number = position_.step + 1; const Batch* batch = loader_.next(); ++step_number) {
    const StepScalars scalars = scalars_of(*batch, step_number - 1, sum.count());
    const BatchResult result = program_.run(*batch, scalars);
    report.lr = scalars.lr;
    if (!std::isfinite(result.loss)) explain_loss(*batch, result.loss, step_number);
    sum.add(result, batch->count);
    position_ = {epoch_, step_number, scalars.lr, sum.totals()};
    if (!on_step) continue;
    const double step_loss = is_mean(options_.pass_options) ? result.loss : result.loss / batch->count;
    const Progress progress{epoch_,    step_number, sum.count(), loader_.count(), images_before,
                            step_loss, scalars.lr,  sum.score(), watch.seconds()};
    if (!on_step(progress)) {
      report.stopped = true;
      break;
    }
  }
  check_weights("after");
  report.train = sum.score();
  report.seconds = watch.seconds();
  report.images = sum.count() - images_before;
  report.images_per_second = static_cast<double>(report.images) / report.seconds;
  report.data_wait_seconds = loader_.waited_seconds();
  if (!report.stopped) test(report, goes_on);
  return report;
}

void Trainer::test(EpochReport& report, const GoesOn& goes_on) {
  report.test = evaluate(tester_, test_loader_, is_mean(options_.pass_options), [&] {
    report.stopped = goes_on && !goes_on();
    return !report.stopped;
  });
  if (!report.stopped) position_ = {.epoch = epoch_ + 1};
}

}  // namespace sinter
