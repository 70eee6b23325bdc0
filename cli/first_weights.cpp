#include "cli/first_weights.h"

#include <filesystem>

#include "ir/printable.h"
#include "runtime/initialize.h"

namespace sinter::cli {
namespace {

constexpr const char* usual_init = "default";

// By its place, not by what is in it: it may be the file that the training itself saves to.
std::string place_of(const std::string& file) {
  return printable(std::filesystem::absolute(file).lexically_normal().string());
}

}  // namespace

void FirstWeights::add(CLI::App& command) {
  command
      .add_option("--init", init,
                  "first weights: default (PyTorch's), xavier_uniform, kaiming_uniform or kaiming_normal")
      ->check(CLI::IsMember({usual_init, "xavier_uniform", "kaiming_uniform", "kaiming_normal"}))
      ->default_str(usual_init);
  command.add_option("--weights", file, "start from these weights (.safetensors) instead");
}

NamedTensors FirstWeights::of(const LoadedModel& loaded, uint64_t seed,
                              const std::optional<Checkpoint>& resumed) const {
  if (resumed) return resumed->tensors();
  if (!file.empty()) return load_weights(file, loaded.graph);
  if (!loaded.weights.empty()) return loaded.weights;
  return initialize(loaded.graph, init.empty() ? usual_init : init, seed);
}

void FirstWeights::add_to(Recipe& recipe, bool resumes) const {
  if (!init.empty() || !resumes) recipe.emplace_back("initialisation", init.empty() ? usual_init : init);
  if (!file.empty() || !resumes)
    recipe.emplace_back("file of first weights", file.empty() ? "none" : place_of(file));
}

}  // namespace sinter::cli
