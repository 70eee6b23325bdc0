#include "frontends/onnx/export.h"

#include <algorithm>

#include "frontends/onnx/element_types.h"
#include "frontends/onnx/export_table.h"

namespace sinter::onnx {
namespace {

class Exporter {
 public:
  Exporter(const Graph& graph, const std::map<std::string, Tensor, std::less<>>& weights)
      : graph_(graph), weights_(weights) {
    to_.names.resize(graph.values().size());
    to_.model.name = graph.name;
    to_.model.opsets[""] = export_opset;
    to_.model.metadata[std::string(parameters_note)] = "";  // that there is none is worth saying too
  }

  Model run() {
    for (const ValueInfo& info : graph_.values())
      if (info.type.layout != Layout{})
        fail_input("a value is {}; expected plain layouts, as before layouts are assigned",
                   to_string(info.type));
    name_inputs();
    for (const ValueId id : graph_.parameters()) weight(id, parameters_note);
    for (const ValueId id : graph_.states()) weight(id, states_note);
    name_results();
    for (const ValueId id : graph_.constants())
      to_.names[id.index] = to_.constant("constant", graph_.info(id).constant);
    for (const Node& node : graph_.nodes()) {
      name_outputs(node);
      write(node);
    }
    add_results();
    return std::move(to_.model);
  }

 private:
  static ModelValue described(std::string name, const Type& type) {
    return {std::move(name), type, element_number(type.dtype)};
  }

  void name_inputs() {
    for (const ValueId id : graph_.inputs()) {
      const ValueInfo& info = graph_.info(id);
      to_.names[id.index] = to_.unique(info.name);
      to_.model.inputs.push_back(described(info.name, info.type));
    }
  }

  void weight(ValueId id, std::string_view note) {
    const ValueInfo& info = graph_.info(id);
    const auto found = weights_.find(info.name);
    if (found == weights_.end()) fail_input("no weights for \"{}\", {}", info.name, to_string(info.type));
    if (found->second.type() != info.type)
      fail_input("weights for \"{}\" are {}; the model has {} there", info.name,
                 to_string(found->second.type()), to_string(info.type));
    to_.names[id.index] = to_.constant(info.name, found->second);
    std::string& names = to_.model.metadata[std::string(note)];
    names += (names.empty() ? "" : "\n") + info.name;
  }

  // The first result that a node's value is gives it its name; others are copies of it.
  void name_results() {
    const auto results = graph_.results();
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i].stored_in.valid())
        fail_input("result \"{}\" replaces \"{}\", as in a training step; expected a model for inference",
                   results[i].name, graph_.info(results[i].stored_in).name);
      const std::string number = results.size() == 1 ? "" : std::to_string(i);
      const std::string wanted = results[i].name.empty() ? "output" + number : results[i].name;
      std::string& name = to_.names[results[i].value.index];
      const bool kept = name == wanted;  // an input that is returned under its own name
      result_names_.push_back(kept ? wanted : to_.unique(wanted));
      if (name.empty() && graph_.info(results[i].value).kind == ValueKind::result)
        name = result_names_.back();
    }
  }

  void name_outputs(const Node& node) {
    const std::string base = node.source.empty() ? std::string(to_string(node.op)) : node.source;
    for (const ValueId id : node.results)
      if (to_.names[id.index].empty()) to_.names[id.index] = to_.unique(base);
  }

  void write(const Node& node) {
    NodeExport out(graph_, node, to_);
    const ExportRule* rule = find_export(node.op);
    if (!rule) out.refuse("it has no form in ONNX for inference");
    rule->write(out);
  }

  void add_results() {
    const auto results = graph_.results();
    for (size_t i = 0; i < results.size(); ++i) {
      const std::string& value = to_.names[results[i].value.index];
      if (value != result_names_[i])
        to_.model.nodes.push_back({.op = "Identity",
                                   .domain = "",
                                   .name = "",
                                   .number = static_cast<int>(to_.model.nodes.size()) + 1,
                                   .inputs = {value},
                                   .outputs = {result_names_[i]}});
      to_.model.outputs.push_back(described(result_names_[i], graph_.type(results[i].value)));
    }
  }

  const Graph& graph_;
  const std::map<std::string, Tensor, std::less<>>& weights_;
  ModelExport to_;
  std::vector<std::string> result_names_;
};

}  // namespace

Model export_model(const Graph& graph, const std::map<std::string, Tensor, std::less<>>& weights) {
  try {
    return Exporter(graph, weights).run();
  } catch (const InputError& error) {
    throw InputError(Location{}, fmt::format("model \"{}\" as ONNX: {}", graph.name, error.message()),
                     error.notes());
  }
}

}  // namespace sinter::onnx
