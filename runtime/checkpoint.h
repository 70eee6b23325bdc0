#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "runtime/early_stop.h"
#include "runtime/files/safetensors.h"
#include "runtime/trainer.h"
#include "runtime/training_recipe.h"

namespace sinter {

/// All that a training needs to go on with the very same bits as if it had not stopped. What chance decides
/// is counted by seed, epoch and example, so that the position says where it is.
struct Checkpoint {
  TrainingPosition position = {};
  EarlyStop::State best = {};  ///< where the training may stop early
  Recipe recipe = {};
  std::string plan = {};                                        ///< see plan_of()
  std::vector<std::pair<std::string, Tensor>> parameters = {};  ///< in the model's order
  NamedTensors states = {};                                     ///< what the optimizer and layers keep
  std::string record = {};  ///< what the caller shows of the training so far, as it writes it; may be empty

  NamedTensors tensors() const;
};

/// The checkpoint of a training of `model` whose parameters and states `weights` hold. Shares their values
/// until the next step.
Checkpoint take_checkpoint(const Graph& model, const Weights& weights, const TrainingPosition& position,
                           Recipe recipe, std::string plan);

/// Writes a checkpoint: whole, or the file is as it was, be it that the process is killed or the power fails.
/// Each part has a checksum of its own. Throws Error that names the file and the reason (full disk).
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Reads a checkpoint. Throws InputError that names the file and the part that is damaged or missing.
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// Throws InputError that shows the first of the checkpoint's parameters whose name or type differs from the
/// model's, beside what the model has there; and where all are there, but others are trained.
void check_parameters(const std::string& path, const Checkpoint& checkpoint, const Graph& model);

/// Throws InputError unless the checkpoint has just the states of the training step.
void check_states(const std::string& path, const Checkpoint& checkpoint, const Graph& step);

}  // namespace sinter
