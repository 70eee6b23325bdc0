#include "runtime/load_weights.h"

namespace sinter {
namespace {

// PyTorch's batch norm counts its steps in a tensor beside its running mean, which nothing here needs.
bool is_step_count(std::string_view name, const Graph& model) {
  constexpr std::string_view suffix = ".num_batches_tracked";
  if (!name.ends_with(suffix)) return false;
  return model.find(fmt::format("{}.running_mean", name.substr(0, name.size() - suffix.size()))).has_value();
}

}  // namespace

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

NamedTensors weights_of(const Graph& model, const Weights& weights) {
  NamedTensors all;
  for (const auto ids : {model.parameters(), model.states()})
    for (const ValueId id : ids) all.emplace(model.info(id).name, weights.at(model.info(id).name));
  return all;
}

}  // namespace sinter
