#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/plot_file.h"
#include "runtime/checkpoint.h"
#include "runtime/files/line_file.h"
#include "runtime/trainer.h"

namespace sinter::cli {

/// Where a training leaves its traces; what is empty is not wanted.
struct RecordFiles {
  std::string save = {};          ///< the trained weights
  std::string metrics = {};       ///< a JSON object an epoch
  std::string step_metrics = {};  ///< a JSON object a step
  std::string plot = {};          ///< the curves so far, drawn anew after each epoch and meanwhile
  std::string confusion = {};     ///< the confusion matrix of the last test
  double plot_interval = 2;       ///< seconds, at least, between drawings within an epoch

  /// Throws InputError where one cannot be written, or has a name that tells no kind of file. What is there
  /// stays as it is: better now than after the data is read, or after the training.
  void check() const;
};

/// What is trained on what, as the record names it.
struct RecordSubject {
  std::string text = {};  ///< "lenet on mnist"
  std::vector<std::string> classes = {};
  int64_t epochs = 1;  ///< of the whole training
};

/// What is saved, logged and drawn as a training goes.
class TrainingRecord {
 public:
  /// Needs: files.check(). Where the training goes on from `resumed`, the lines of what comes after it are
  /// taken out of the metrics, since it is done again, and the plot begins with the curves that the
  /// checkpoint keeps.
  TrainingRecord(RecordFiles files, RecordSubject subject, const std::optional<Checkpoint>& resumed = {});

  /// Warns on standard error of metrics that begin where the training goes on, since the file with the lines
  /// before is not there.
  void warn_of_lost_lines(const TrainingPosition& resumed) const;
  void step(const Progress& progress);
  void epoch(const EpochReport& report);
  /// The curves so far, for a checkpoint.
  std::string curves() const;
  /// Saves the weights. Throws Error where one is not finite.
  void save(const Graph& model, const Weights& weights) const;
  /// Saves what was learnt until the training failed, or says on standard error why not.
  void rescue(const Graph& model, const Weights& weights) const;

 private:
  std::optional<std::string> refuses_to_save(const Graph& model, const Weights& weights) const;
  void write(const Graph& model, const Weights& weights) const;
  void trace(const Progress& progress);

  RecordFiles files_;
  RecordSubject subject_;
  LineFile metrics_, step_metrics_;
  TrainingCurves curves_;
  PlotFile plot_;
};

}  // namespace sinter::cli
