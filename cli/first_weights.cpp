#include "cli/first_weights.h"

#include <filesystem>

#include "ir/printable.h"
#include "runtime/initialize.h"

namespace sinter::cli {
namespace {

constexpr const char* usual_init = "default";
constexpr const char* own_init = "the model's own weights";

// By its place, not by what is in it: it may be the file that the training itself saves to.
std::string place_of(const std::string& file) {
  return printable(std::filesystem::absolute(file).lexically_normal().string());
}

}  // namespace

void FirstWeights::add(CLI::App& command) {
  CLI::Option* random =
      command
          .add_option("--init", init,
                      "random first weights, where an .onnx file has some in their place: default "
                      "(PyTorch's), xavier_uniform, kaiming_uniform or kaiming_normal")
          ->check(CLI::IsMember({usual_init, "xavier_uniform", "kaiming_uniform", "kaiming_normal"}))
          ->default_str(usual_init);
  command.add_option("--weights", file, "start from these weights (.safetensors) instead")->excludes(random);
}

NamedTensors FirstWeights::of(const LoadedModel& model, const Graph& part, uint64_t seed,
                              const std::optional<Checkpoint>& resumed) const {
  if (resumed) return resumed->tensors();
  if (!file.empty()) return load_weights(file, part);
  if (!model.weights.empty() && init.empty()) return model.weights;
  // Of the whole model, in which what is frozen is a parameter and drawn as one.
  NamedTensors weights = initialize(model.graph, init.empty() ? usual_init : init, seed);
  const bool frozen = part.parameters().size() < model.graph.parameters().size();
  if (!frozen || model.weights.empty()) return weights;
  for (const ValueId id : part.states()) {
    const std::string& name = part.info(id).name;
    weights.at(name) = model.weights.at(name);
  }
  return weights;
}

void FirstWeights::add_to(Recipe& recipe, const LoadedModel& model, bool resumes) const {
  const char* unless_given = model.weights.empty() || !file.empty() ? usual_init : own_init;
  if (!init.empty() || !resumes) recipe.emplace_back("initialisation", init.empty() ? unless_given : init);
  if (!file.empty() || !resumes)
    recipe.emplace_back("file of first weights", file.empty() ? "none" : place_of(file));
}

}  // namespace sinter::cli
