#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

#include "runtime/checkpoint.h"
#include "runtime/early_stop.h"

namespace sinter::cli {

/// --checkpoint, --checkpoint-every and --resume.
struct CheckpointOptions {
  std::string file;
  int64_t every = 0;  ///< steps; 0: once an epoch
  bool resume = false;

  void add(CLI::App& command);
  /// The checkpoint to go on from, found to be of this model; nothing where --resume was not given. Throws
  /// InputError.
  std::optional<Checkpoint> load(const Graph& model) const;
};

/// Keeps a training's checkpoints. Everything given must outlive it.
class Checkpointer {
 public:
  /// Throws InputError where `resumed` was made by another recipe.
  Checkpointer(const CheckpointOptions& options, const Graph& model, const Weights& weights,
               std::optional<EarlyStop>& stop, Recipe recipe, const std::optional<Checkpoint>& resumed);

  /// Lets a new trainer, which has the resumed weights, go on where the checkpoint stopped; without one,
  /// writes the first checkpoint, so that from now on there is one and a file that cannot be written is
  /// found at once. Says what a user should know.
  void begin(Trainer& trainer, std::optional<Checkpoint> resumed, bool quiet);
  /// Writes a checkpoint after every so many steps, at an epoch's end, and where the training stops; `record`
  /// makes what it keeps of the training's curves.
  void after_step(const Trainer& trainer, const Progress& progress, bool stops,
                  const std::function<std::string()>& record);

 private:
  void write(const Trainer& trainer, std::string record);

  const CheckpointOptions& options_;
  const Graph& model_;
  const Weights& weights_;
  std::optional<EarlyStop>& stop_;
  const Recipe recipe_;
  std::string plan_;
  int64_t steps_ = 0;  ///< since the last checkpoint
};

}  // namespace sinter::cli
