#include "api/fit_checkpoint.h"

#include "runtime/files/atomic_file.h"

namespace sinter {

FitCheckpoint::FitCheckpoint(const FitOptions& options, const WeightsInTraining& trained, Recipe recipe)
    : path_(options.checkpoint), trained_(trained), recipe_(std::move(recipe)) {
  if (path_.empty() && options.resume) fail_input("resume needs a checkpoint to go on from");
  if (!options.resume) return;
  resumed_ = read_checkpoint(path_);
  check_parameters(path_.string(), *resumed_, trained_.graph());
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
  remove_abandoned_temporaries(path_);
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
