#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

#include "runtime/checkpoint.h"
#include "runtime/early_stop.h"
#include "runtime/files/file_lock.h"

namespace sinter::cli {

/// --checkpoint, --checkpoint-every, --resume and --overwrite.
struct CheckpointOptions {
  std::string file;
  int64_t every = 0;       ///< steps; 0: once an epoch
  bool resume = false;     ///< where there is a checkpoint; else the training begins
  bool overwrite = false;  ///< begin anew, whatever the file holds

  void add(CLI::App& command);
  /// As open_checkpoint().
  std::optional<Checkpoint> load(const Graph& model) const;
};

/// Says what is kept of a training that was interrupted: the checkpoint at `held`, or the weights, if they
/// will be saved. Throws Error where nothing is.
void tell_interrupted(const CheckpointOptions& options, const std::optional<TrainingPosition>& held,
                      bool saves_weights);

/// Keeps a training's checkpoints. Everything given must outlive it.
class Checkpointer {
 public:
  /// `lock` is that of the checkpoint's file. Throws InputError where `resumed` was made by another recipe.
  Checkpointer(const CheckpointOptions& options, const FileLock& lock, const Graph& model,
               const Weights& weights, std::optional<EarlyStop>& stop, Recipe recipe,
               const std::optional<Checkpoint>& resumed);

  /// Lets a new trainer, which has the resumed weights, go on where the checkpoint stopped; without one,
  /// writes the first checkpoint, so that from now on there is one and a file that cannot be written is
  /// found at once. Says what a user should know.
  void begin(Trainer& trainer, std::optional<Checkpoint> resumed, bool quiet);
  /// Writes a checkpoint after every so many steps, at an epoch's end, and where the training stops; `record`
  /// makes what it keeps of the training's curves.
  void after_step(const Trainer& trainer, const Progress& progress, bool stops,
                  const std::function<std::string()>& record);
  /// Writes the checkpoint of an epoch whose test is done: it is not looked at again.
  void after_epoch(const Trainer& trainer, std::string record);
  /// Where the training is in the checkpoint; nothing where none is kept.
  const std::optional<TrainingPosition>& held() const { return held_; }

 private:
  void write(const Trainer& trainer, std::string record);

  const CheckpointOptions& options_;
  const FileLock& lock_;
  const Graph& model_;
  const Weights& weights_;
  std::optional<EarlyStop>& stop_;
  const Recipe recipe_;
  std::string plan_;
  int64_t steps_ = 0;  ///< since the last checkpoint
  std::optional<TrainingPosition> held_;
};

}  // namespace sinter::cli
