#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/checkpoint.h"

namespace sinter {

/// Where a training keeps its checkpoint, and what it may do with one that is there.
struct CheckpointUse {
  std::filesystem::path file = {};  ///< empty: none is kept
  bool resume = false;              ///< go on from it; where there is none yet the training begins
  bool overwrite = false;           ///< begin anew, whatever the file holds
  std::string_view resume_word = "resume", overwrite_word = "overwrite";  ///< what the user knows them as
};

/// The checkpoint to go on from, found to be of this model; nothing where the training begins.
/// Errors: InputError where the file holds something that neither was asked for, says what; where it is no
/// sound checkpoint of this model; and where no file can be written there.
std::optional<Checkpoint> open_checkpoint(const CheckpointUse& use, const Graph& model);

/// Where a training is, in words: "epoch 2, step 30" or "the end of epoch 2".
std::string place_of(const TrainingPosition& position);

}  // namespace sinter
