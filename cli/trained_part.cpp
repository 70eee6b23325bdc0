#include "cli/trained_part.h"

#include <fnmatch.h>

#include <algorithm>

namespace sinter::cli {
namespace {

// Those that have a word of the pattern in them; else the first ones.
std::string near_names(const Graph& model, std::string_view pattern) {
  constexpr size_t most = 6;
  std::vector<std::string> all, near;
  for (const ValueId id : model.parameters()) all.push_back(model.info(id).name);
  for (size_t begin = 0; begin < pattern.size();) {
    const size_t end = std::min(pattern.find_first_of("*?[].", begin), pattern.size());
    const std::string_view word = pattern.substr(begin, end - begin);
    begin = end + 1;
    if (word.size() < 2) continue;
    for (const std::string& name : all)
      if (name.find(word) != std::string::npos && std::ranges::count(near, name) == 0) near.push_back(name);
  }
  if (near.empty()) near = all;
  const bool more = near.size() > most;
  near.resize(std::min(near.size(), most));
  return fmt::format("{}{}", fmt::join(near, ", "), more ? ", ..." : "");
}

std::vector<bool> frozen_values(const Graph& model, const std::vector<std::string>& patterns) {
  std::vector<bool> frozen(model.values().size(), false);
  for (const std::string& pattern : patterns) {
    bool found = false;
    for (const ValueId id : model.parameters()) {
      if (fnmatch(pattern.c_str(), model.info(id).name.c_str(), 0) != 0) continue;
      frozen[id.index] = found = true;
    }
    if (!found)
      fail_input("--freeze {}: fits no parameter of model \"{}\"; it has {}", pattern, model.name,
                 near_names(model, pattern));
  }
  const bool all = std::ranges::all_of(model.parameters(), [&](ValueId id) { return frozen[id.index]; });
  if (all && !patterns.empty())
    fail_input("--freeze {}: nothing of model \"{}\" is left to train", fmt::join(patterns, " "), model.name);
  return frozen;
}

// The result, copied with all that stands before it.
class Part {
 public:
  Part(const Graph& from, const std::vector<bool>& frozen) : from_(from), map_(from.values().size()) {
    to_.name = from.name;
    for (const ValueId id : from.inputs()) set(id, to_.input(from.info(id).name, from.type(id)));
    for (const ValueId id : from.parameters()) {
      const ValueInfo& info = from.info(id);
      set(id, frozen[id.index] ? to_.state(info.name, info.type) : to_.parameter(info.name, info.type));
    }
    for (const ValueId id : from.states()) set(id, to_.state(from.info(id).name, from.type(id)));
    for (const ValueId id : from.constants()) set(id, to_.constant(from.info(id).constant));
  }

  Graph run(std::span<const GraphResult> results) {
    for (const Node& node : from_.nodes()) copy(node);
    for (const GraphResult& result : results)
      to_.add_result(to_.value(map_[result.value.index]), result.name);
    return std::move(to_);
  }

 private:
  void set(ValueId old, Value value) { map_[old.index] = value.id(); }

  void copy(const Node& node) {
    Node made = node;
    for (ValueId& id : made.operands)
      if (id.valid()) id = map_[id.index];
    std::vector<Type> types;
    for (const ValueId id : node.results) types.push_back(from_.type(id));
    const auto results = to_.append_typed(std::move(made), types);
    for (size_t i = 0; i < results.size(); ++i) set(node.results[i], results[i]);
  }

  const Graph& from_;
  Graph to_;
  std::vector<ValueId> map_;
};

std::string result_names(const Graph& model) {
  std::vector<std::string> names;
  for (const GraphResult& result : model.results()) names.push_back(result.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

void TrainedPart::add(CLI::App& command) {
  command
      .add_option("--freeze", freeze,
                  "leave parameters as they are whose names fit this pattern of *, ? and [...]")
      ->allow_extra_args(false)
      ->take_all()
      ->type_name("PATTERN");
  command.add_option("--output", output, "train this output, of a model that has several")->type_name("NAME");
}

Graph TrainedPart::of(const Graph& model) const {
  if (output.empty() && freeze.empty()) {
    if (model.results().size() > 1)
      fail_input("model \"{}\" has {} outputs, {}: --output NAME says which is trained", model.name,
                 model.results().size(), result_names(model));
    return model;
  }
  std::span<const GraphResult> results = model.results();
  if (!output.empty()) {
    const auto found = model.find_result(output);
    if (!found) fail_input("--output {}: model \"{}\" has {}", output, model.name, result_names(model));
    results = results.subspan(*found, 1);
  }
  return Part(model, frozen_values(model, freeze)).run(results);
}

}  // namespace sinter::cli
