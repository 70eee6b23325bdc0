#pragma once

#include <sinter/fit.hpp>

#include "api/training_plan.h"
#include "runtime/checkpoint.h"
#include "runtime/files/file_lock.h"
#include "runtime/trainer.h"

namespace sinter {

/// Keeps fit()'s checkpoint, where one is wanted. Everything given must outlive it.
class FitCheckpoint {
 public:
  /// Reads the checkpoint to go on from, if any, into the weights. Throws InputError where it is of another
  /// training, in use, cannot be written, or would be overwritten unasked; the weights are as they were then.
  FitCheckpoint(const FitOptions& options, const WeightsInTraining& trained, Recipe recipe);

  /// Lets a new trainer on these weights go on where the checkpoint stopped; without one, writes the first,
  /// so that a file that cannot be written is found at once. Gives the epoch that comes next.
  int64_t begin(Trainer& trainer);
  void write(const Trainer& trainer);
  /// Why other processes are not kept from the file; empty where they are.
  const std::string& remark() const { return lock_.remark(); }

 private:
  void restore();

  std::filesystem::path path_;
  FileLock lock_;
  const WeightsInTraining& trained_;
  Recipe recipe_;
  std::optional<Checkpoint> resumed_;
  std::string plan_;
};

}  // namespace sinter
