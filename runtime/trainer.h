#pragma once

#include <functional>

#include "runtime/evaluation.h"
#include "runtime/lr_schedule.h"

namespace sinter {

struct TrainOptions {
  int64_t batch_size = 256;
  double lr = 0.1;  ///< the schedule's base
  LrSchedule schedule = {};
  int64_t epochs = 0;      ///< of the whole training, where the schedule depends on it
  int64_t accumulate = 1;  ///< batches that are summed for one update
  uint64_t seed = 0;       ///< of the shuffling, the augmentation and dropout
  bool shuffle = true;
  int64_t limit = 0;       ///< only the first so many training examples; 0: all
  int64_t test_limit = 0;  ///< and test examples
  Normalization normalization = {};
  Augmentation augmentation = {};
  std::string backend = "auto";
  PassOptions pass_options = {};  ///< loss, optimizer, clipping
  RunOptions run_options = {};    ///< of the passes
  BackendOptions backend_options = {};
};

/// How far a training is: in an epoch, with `step` of its steps done.
struct TrainingPosition {
  int64_t epoch = 1;
  int64_t step = 0;
  double lr = 0;            ///< of the last step
  ScoreTotals totals = {};  ///< of the epoch's steps
};

/// How far an epoch is, after one of its steps.
struct Progress {
  int64_t epoch = 0;          ///< from 1
  int64_t step = 0;           ///< of this epoch, from 1
  int64_t images = 0;         ///< done in this epoch
  int64_t images_total = 0;   ///< in an epoch
  int64_t images_before = 0;  ///< of those done, those before a resumed training went on
  double step_loss = 0;       ///< mean over the step's batch
  double lr = 0;              ///< of the step
  Score score = {};           ///< over the epoch so far
  double seconds = 0;         ///< since the epoch began
};

/// Called after each step; false ends the training.
using OnStep = std::function<bool(const Progress&)>;

struct EpochReport {
  int64_t epoch = 0;  ///< from 1
  Score train = {};
  TestScore test = {};  ///< tested() where there are test examples
  double lr = 0;        ///< of the last step
  double seconds = 0;   ///< of the training, without the test
  double images_per_second = 0;
  double data_wait_seconds = 0;  ///< of the training: in which no batch was ready
  int64_t images = 0;            ///< trained on: 0 where a resumed epoch had only its test left
  bool stopped = false;          ///< by OnStep or GoesOn; the test is not there, or not whole, then
};

/// Trains a model on pictures. The order of the examples and the weights'
/// first values follow from the seed; the results have the same bits for any number of threads.
class Trainer {
 public:
  /// `data` must outlive the trainer. Trains `weights` in place; the optimizer's states are added.
  /// Throws InputError where model, weights, data and options do not fit together.
  Trainer(const Graph& model, const DataSet& data, Weights weights, std::shared_ptr<ThreadPool> pool,
          const TrainOptions& options);

  /// One pass over the training examples, then over the test examples. Throws Error when the loss is not
  /// finite: it names the step and the node that first made a NaN or infinity; the weights are those before
  /// that step. Also when a parameter is not finite before or after the epoch. `goes_on` is asked while the
  /// test examples are looked at; no ends that.
  EpochReport run_epoch(const OnStep& on_step = {}, const GoesOn& goes_on = {});

  /// Where the training is: after any of its steps, and after the test at the next epoch's begin.
  const TrainingPosition& position() const { return position_; }
  /// Lets the next epoch begin there; the weights must be those of that moment. Throws InputError where the
  /// data has no such position.
  void go_on_from(const TrainingPosition& position);

  /// Training examples in an epoch.
  int64_t examples() const { return loader_.count(); }
  /// Examples in a test.
  int64_t test_examples() const { return test_loader_.count(); }
  /// What one should know of the learning rate though it is no error; empty: nothing.
  std::string schedule_remark() const { return warmup_remark(options_.schedule, length()); }
  /// The program of a full step; of the remainder where there is no full one.
  const Executable& executable() const { return program_.executable(); }
  /// The programs of full and remainder steps.
  std::vector<const Executable*> executables() const { return program_.executables(); }

 private:
  /// What batch `index` of the epoch, which has `done` examples before it, is told.
  StepScalars scalars_of(const Batch& batch, int64_t index, int64_t done) const;
  TrainingLength length() const;
  void check_weights(std::string_view when) const;
  void test(EpochReport& report, const GoesOn& goes_on);
  [[noreturn]] void explain_loss(const Batch& batch, double loss, int64_t step) const;

  TrainOptions options_;
  Weights weights_;
  Classifier program_;
  BatchLoader loader_;
  Classifier tester_;
  BatchLoader test_loader_;
  int64_t epoch_ = 0;
  TrainingPosition position_ = {};
  bool begun_elsewhere_ = false;  ///< the next epoch goes on from position_
};

}  // namespace sinter
