#include "cli/checkpoint_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/global_options.h"
#include "cli/standard_output.h"
#include "runtime/files/atomic_file.h"
#include "runtime/open_checkpoint.h"

namespace sinter::cli {
namespace {

// What sets the items of a recipe.
std::string option_of(std::string_view item) {
  static const std::map<std::string_view, std::string_view> options = {
      {"model", "MODEL"},
      {"graph", "MODEL, --output"},
      {"checksum of the model's constants", "MODEL"},
      {"learning rate schedule", "--lr-schedule"},
      {"length of the schedule", "--epochs"},
      {"warm-up", "--warmup"},
      {"learning rate", "--lr"},
      {"accumulation", "--accumulate"},
      {"limit of the gradients' elements", "--clip-value"},
      {"limit of the gradients' norm", "--clip-norm"},
      {"limit of examples", "--limit"},
      {"shuffling", "--no-shuffle"},
      {"normalisation", "--normalize"},
      {"augmentation", "--augment"},
      {"initialisation", "--init"},
      {"file of first weights", "--weights"}};
  if (const auto found = options.find(item); found != options.end()) return std::string(found->second);
  std::string words(item);  // such as "batch size"
  std::ranges::replace(words, ' ', '-');
  return "--" + words;
}

// What the next checkpoint says: a training goes on by the recipe it began with.
Recipe recipe_to_keep(const std::string& file, Recipe run, const std::optional<Checkpoint>& resumed) {
  if (!resumed) return run;
  check_recipe(file, resumed->recipe, run, option_of);
  return resumed->recipe;
}

}  // namespace

void CheckpointOptions::add(CLI::App& command) {
  CLI::Option* checkpoint =
      command.add_option("--checkpoint", file, "keep here all that is needed to go on after an interruption")
          ->type_name("FILE");
  command.add_option("--checkpoint-every", every, "write it after so many steps, not only after each epoch")
      ->check(number_in(1, 1e12))
      ->type_name("STEPS")
      ->needs(checkpoint);
  CLI::Option* resumes =
      command
          .add_flag("--resume", resume,
                    "go on from the checkpoint, with the bits of a run that was not interrupted; begin where "
                    "there is none yet")
          ->needs(checkpoint);
  command.add_flag("--overwrite", overwrite, "begin anew, although the checkpoint holds a training")
      ->needs(checkpoint)
      ->excludes(resumes);
}

std::optional<Checkpoint> CheckpointOptions::load(const Graph& model) const {
  return open_checkpoint({file, resume, overwrite, "--resume", "--overwrite"}, model);
}

void tell_interrupted(const CheckpointOptions& options, const std::optional<TrainingPosition>& held,
                      bool saves_weights) {
  if (held)
    return write_result(fmt::format("interrupted: checkpoint {} holds {}; go on with --resume\n",
                                    options.file, place_of(*held)));
  if (!saves_weights) fail("interrupted, nothing was saved");
  write_result("interrupted; the weights are those of the last step\n");
}

Checkpointer::Checkpointer(const CheckpointOptions& options, const FileLock& lock, const Graph& model,
                           const Weights& weights, std::optional<EarlyStop>& stop, Recipe recipe,
                           const std::optional<Checkpoint>& resumed)
    : options_(options),
      lock_(lock),
      model_(model),
      weights_(weights),
      stop_(stop),
      recipe_(recipe_to_keep(options.file, std::move(recipe), resumed)) {}

void Checkpointer::begin(Trainer& trainer, std::optional<Checkpoint> resumed, bool quiet) {
  if (options_.file.empty()) return;
  remove_abandoned_temporaries(options_.file, lock_.held());
  plan_ = plan_of(trainer);
  if (!resumed) {
    if (options_.resume && !quiet)
      write_result(fmt::format("{} is not there yet: the training begins\n", options_.file));
    return write(trainer, {});
  }
  check_states(options_.file, *resumed, trainer.executable().graph);
  trainer.go_on_from(resumed->position);
  held_ = resumed->position;
  if (stop_) stop_->go_on_from(resumed->best);
  if (!quiet) write_result(fmt::format("going on from {}: {}\n", options_.file, place_of(*held_)));
  if (plan_ != resumed->plan)
    fmt::print(
        stderr,
        "warning: {}: this program makes another plan of the model than the checkpoint's, or makes it for "
        "another instruction set; the training goes on, though not to the last bit as it would have\n",
        options_.file);
}

void Checkpointer::after_step(const Trainer& trainer, const Progress& progress, bool stops,
                              const std::function<std::string()>& record) {
  if (options_.file.empty()) return;
  ++steps_;
  const bool due = options_.every > 0 && steps_ >= options_.every;
  if (due || stops || progress.images == progress.images_total) write(trainer, record());
}

void Checkpointer::after_epoch(const Trainer& trainer, std::string record) {
  if (!options_.file.empty()) write(trainer, std::move(record));
}

void Checkpointer::write(const Trainer& trainer, std::string record) {
  Checkpoint checkpoint = take_checkpoint(model_, weights_, trainer.position(), recipe_, plan_);
  checkpoint.record = std::move(record);
  if (stop_) checkpoint.best = stop_->state();
  write_checkpoint(options_.file, checkpoint);
  held_ = checkpoint.position;
  steps_ = 0;
}

}  // namespace sinter::cli
