#include "api/fit_checkpoint.h"

#include "runtime/files/atomic_file.h"
#include "runtime/open_checkpoint.h"

namespace sinter {

FitCheckpoint::FitCheckpoint(const FitOptions& options, const WeightsInTraining& trained, Recipe recipe)
    : path_(options.checkpoint), lock_(path_), trained_(trained), recipe_(std::move(recipe)) {
  if (path_.empty() && options.resume) fail_input("resume needs a checkpoint to go on from");
  if (path_.empty() && options.overwrite) fail_input("overwrite needs a checkpoint to write");
  if (options.resume && options.overwrite) fail_input("resume excludes overwrite");
  resumed_ = open_checkpoint({path_, options.resume, options.overwrite}, trained_.graph());
  if (!resumed_) return;
  check_recipe(path_.string(), resumed_->recipe, recipe_);
  restore();
}

// What the optimizer kept is added; it goes again with the training.
void FitCheckpoint::restore() {
  Weights weights = trained_.weights();
  for (auto& [name, tensor] : resumed_->tensors()) {
    if (!weights.contains(name))
      weights.add(name, tensor);
    else if (weights.at(name).type() == tensor.type())  // check_states() tells of what differs
      weights.set(name, tensor);
  }
}

int64_t FitCheckpoint::begin(Trainer& trainer) {
  if (path_.empty()) return 1;
  remove_abandoned_temporaries(path_, lock_.held());
  plan_ = plan_of(trainer);
  if (!resumed_) {
    write(trainer);
    return 1;
  }
  check_states(path_.string(), *resumed_, trainer.executable().graph);
  TrainingPosition position = resumed_->position;
  if (position.totals.count == trainer.examples()) position = {.epoch = position.epoch + 1};
  trainer.go_on_from(position);
  resumed_.reset();
  return position.epoch;
}

void FitCheckpoint::write(const Trainer& trainer) {
  if (path_.empty()) return;
  write_checkpoint(path_,
                   take_checkpoint(trained_.graph(), trained_.weights(), trainer.position(), recipe_, plan_));
}

}  // namespace sinter
