#include "runtime/open_checkpoint.h"

#include "runtime/files/atomic_file.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

// A training of perhaps hours is not lost for want of a word. An empty file holds nothing.
void refuse_to_overwrite(const CheckpointUse& use) {
  std::error_code error;
  if (!fs::is_regular_file(use.file, error) || fs::file_size(use.file, error) == 0 || error) return;
  std::string model, place;
  try {
    const Checkpoint checkpoint = read_checkpoint(use.file);
    model = recipe_item(checkpoint.recipe, "model");
    place = place_of(checkpoint.position);
  } catch (const InputError& wrong) {
    fail_input("{}; {} begins a training in its place", wrong.what(), use.overwrite_word);
  }
  fail_input("{} holds a training of {} at {}: {} goes on with it, {} begins anew", use.file.string(), model,
             place, use.resume_word, use.overwrite_word);
}

std::optional<Checkpoint> held_checkpoint(const CheckpointUse& use, const Graph& model) {
  std::error_code ignored;
  if (use.overwrite || !fs::exists(use.file, ignored)) return std::nullopt;
  if (!use.resume) {
    refuse_to_overwrite(use);
    return std::nullopt;
  }
  Checkpoint checkpoint = read_checkpoint(use.file);
  check_parameters(use.file.string(), checkpoint, model);
  return checkpoint;
}

}  // namespace

std::optional<Checkpoint> open_checkpoint(const CheckpointUse& use, const Graph& model) {
  if (use.file.empty()) return std::nullopt;
  auto checkpoint = held_checkpoint(use, model);
  const AtomicFile probe(use.file);
  return checkpoint;
}

std::string place_of(const TrainingPosition& position) {
  if (position.step == 0 && position.epoch > 1) return fmt::format("the end of epoch {}", position.epoch - 1);
  return fmt::format("epoch {}, step {}", position.epoch, position.step);
}

}  // namespace sinter
