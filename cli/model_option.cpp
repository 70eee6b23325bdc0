#include "cli/model_option.h"

#include <filesystem>

#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "runtime/files/read_file.h"

namespace sinter::cli {

void ModelOption::add(CLI::App& command) {
  command.add_option("MODEL", model, "a .sinter file, or the name of an embedded model")->required();
  command.add_option("--set", set, "give a parameter of the model a value: name=value")
      ->take_all()
      ->allow_extra_args(false);
}

namespace {

constexpr int64_t largest_model = 64 << 20;

std::string read_text(const std::filesystem::path& path) {
  const auto bytes = read_file(path, largest_model);
  return {bytes.begin(), bytes.end()};
}

// PyTorch's batch norm counts its steps in a tensor beside its running mean, which nothing here needs.
bool is_step_count(std::string_view name, const Graph& model) {
  constexpr std::string_view suffix = ".num_batches_tracked";
  if (!name.ends_with(suffix)) return false;
  return model.find(fmt::format("{}.running_mean", name.substr(0, name.size() - suffix.size()))).has_value();
}

}  // namespace

Graph ModelOption::load() const {
  ModelOptions options;
  for (const std::string& argument : set) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) fail_input("--set {}: expected name=value", argument);
    options.arguments.emplace_back(argument.substr(0, equals), argument.substr(equals + 1));
  }
  const std::filesystem::path path(model);
  if (model.find('/') != std::string::npos || path.has_extension()) {
    if (path.extension() != ".sinter")
      fail_input("{}: a model is a .sinter file or the name of an embedded model", model);
    return load_model(read_text(path), model, options);
  }
  const auto text = embedded_model(model);
  if (!text)
    fail_input("no embedded model is named \"{}\"; there are {}. A file needs its extension: {}.sinter",
               model, fmt::join(embedded_model_names(), ", "), model);
  return load_model(*text, model + ".sinter", options);
}

NamedTensors load_weights(const std::string& path, const Graph& model) {
  NamedTensors weights = read_safetensors(path);
  std::vector<ValueId> wanted(model.parameters().begin(), model.parameters().end());
  wanted.insert(wanted.end(), model.states().begin(), model.states().end());
  std::erase_if(weights, [&](const auto& each) { return is_step_count(each.first, model); });
  for (const ValueId id : wanted) {
    const ValueInfo& info = model.info(id);
    const auto found = weights.find(info.name);
    if (found == weights.end())
      fail_input("{}: no tensor \"{}\"; model \"{}\" has {} there", path, info.name, model.name,
                 to_string(info.type));
    if (found->second.type() != info.type)
      fail_input("{}: tensor \"{}\" is {}; model \"{}\" has {} there", path, info.name,
                 to_string(found->second.type()), model.name, to_string(info.type));
  }
  for (const auto& [name, tensor] : weights)
    if (!model.find(name))
      fail_input("{}: tensor \"{}\" ({}) is no parameter of model \"{}\"", path, name,
                 to_string(tensor.type()), model.name);
  return weights;
}

}  // namespace sinter::cli
