#include "cli/checkpoint_options.h"

#include <fmt/format.h>

#include "cli/global_options.h"
#include "cli/standard_output.h"
#include "runtime/files/atomic_file.h"

namespace sinter::cli {

void CheckpointOptions::add(CLI::App& command) {
  CLI::Option* checkpoint =
      command.add_option("--checkpoint", file, "keep here all that is needed to go on after an interruption")
          ->type_name("FILE");
  command.add_option("--checkpoint-every", every, "write it after so many steps, not only after each epoch")
      ->check(number_in(1, 1e12))
      ->type_name("STEPS")
      ->needs(checkpoint);
  command
      .add_flag("--resume", resume,
                "go on from the checkpoint, with the bits of a run that was not interrupted")
      ->needs(checkpoint);
}

std::optional<Checkpoint> CheckpointOptions::load(const Graph& model) const {
  if (!resume) return std::nullopt;
  Checkpoint checkpoint = read_checkpoint(file);
  check_parameters(file, checkpoint, model);
  return checkpoint;
}

Checkpointer::Checkpointer(const CheckpointOptions& options, const Graph& model, const Weights& weights,
                           std::optional<EarlyStop>& stop, Recipe recipe,
                           const std::optional<Checkpoint>& resumed)
    : options_(options), model_(model), weights_(weights), stop_(stop), recipe_(std::move(recipe)) {
  if (resumed) check_recipe(options_.file, resumed->recipe, recipe_);
}

void Checkpointer::begin(Trainer& trainer, std::optional<Checkpoint> resumed, bool quiet) {
  if (options_.file.empty()) return;
  remove_abandoned_temporaries(options_.file);
  plan_ = plan_of(trainer);
  if (!resumed) return write(trainer, {});
  check_states(options_.file, *resumed, trainer.executable().graph);
  trainer.go_on_from(resumed->position);
  if (stop_) stop_->go_on_from(resumed->best);
  if (!quiet)
    write_result(fmt::format("going on from {}: epoch {}, step {}\n", options_.file, resumed->position.epoch,
                             resumed->position.step));
  if (plan_ != resumed->plan)
    fmt::print(stderr,
               "warning: {}: this program on this CPU makes another plan of the model than the checkpoint's; "
               "the training goes on, though not to the last bit as it would have\n",
               options_.file);
}

void Checkpointer::after_step(const Trainer& trainer, const Progress& progress, bool stops,
                              const std::function<std::string()>& record) {
  if (options_.file.empty()) return;
  ++steps_;
  const bool due = options_.every > 0 && steps_ >= options_.every;
  if (due || stops || progress.images == progress.images_total) write(trainer, record());
}

void Checkpointer::write(const Trainer& trainer, std::string record) {
  Checkpoint checkpoint = take_checkpoint(model_, weights_, trainer.position(), recipe_, plan_);
  checkpoint.record = std::move(record);
  if (stop_) checkpoint.best = stop_->state();
  write_checkpoint(options_.file, checkpoint);
  steps_ = 0;
}

}  // namespace sinter::cli
