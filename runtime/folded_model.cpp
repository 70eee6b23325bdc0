#include "runtime/folded_model.h"

#include <algorithm>

#include "ir/interpreter.h"
#include "passes/fold_batch_norm.h"
#include "passes/fold_constants.h"
#include "passes/hoist_weights.h"
#include "passes/remove_dead_nodes.h"

namespace sinter {
namespace {

constexpr std::string_view made_suffix = ".prepared";

Tensor computed(const Graph& definition, const NamedTensors& weights) {
  const auto values_of = [&](std::span<const ValueId> ids) {
    std::vector<Tensor> values;
    for (const ValueId id : ids) values.push_back(weights.find(definition.info(id).name)->second);
    return values;
  };
  return interpret(definition, {.inputs = {},
                                .parameters = values_of(definition.parameters()),
                                .states = values_of(definition.states())})[0];
}

// Copies a graph, and its weights in the order in which they are read, under the names that a layer's weight
// and bias have.
class Renaming {
 public:
  Renaming(const Graph& from, const NamedTensors& weights)
      : from_(from), weights_(weights), map_(from.values().size()) {
    for (const Node& node : from.nodes())
      for (const ValueId id : node.operands)
        if (id.valid() && is_weight(id)) ++readers_[from.info(id).name];
  }

  WeightedModel run() {
    Graph& to = made_.graph;
    to.name = from_.name;
    for (const ValueId id : from_.inputs())
      map_[id.index] = to.input(from_.info(id).name, from_.type(id)).id();
    for (const ValueId id : from_.constants()) map_[id.index] = to.constant(from_.info(id).constant).id();
    for (const Node& node : from_.nodes()) copy(node);
    for (const GraphResult& result : from_.results()) {
      if (is_weight(result.value)) place(result.value, from_.info(result.value).name);
      to.add_result(to.value(map_[result.value.index]), result.name);
    }
    return std::move(made_);
  }

 private:
  bool is_weight(ValueId id) const {
    const ValueKind kind = from_.info(id).kind;
    return kind == ValueKind::parameter || kind == ValueKind::state;
  }

  // Its own, or that of the weight it was made of.
  std::string base_name(ValueId id) const {
    const std::string& name = from_.info(id).name;
    const size_t at = name.rfind(made_suffix);
    return at == std::string::npos ? name : name.substr(0, at);
  }

  std::string wanted_name(const Node& node, size_t i) const {
    const bool product = node.op == OpKind::conv2d || node.op == OpKind::linear;
    const ValueId id = node.operands[i];
    const bool made = from_.info(id).name != base_name(id);
    if (!made || !product || i != 2 || !is_weight(node.operands[1])) return base_name(id);
    constexpr std::string_view weight = "weight";
    std::string name = base_name(node.operands[1]);
    if (name.ends_with(weight)) name.erase(name.size() - weight.size());
    return name + "bias";
  }

  void place(ValueId id, const std::string& wanted) {
    if (map_[id.index].valid()) return;
    const ValueInfo& info = from_.info(id);
    const bool taken = made_.graph.find(wanted) || (wanted != info.name && readers_.contains(wanted));
    const std::string name = taken ? info.name : wanted;
    const Value value = info.kind == ValueKind::parameter ? made_.graph.parameter(name, info.type)
                                                          : made_.graph.state(name, info.type);
    map_[id.index] = value.id();
    made_.weights.emplace(name, weights_.find(info.name)->second);
  }

  void copy(const Node& node) {
    Node made = node;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const ValueId id = node.operands[i];
      if (!id.valid()) continue;
      if (is_weight(id)) place(id, wanted_name(node, i));
      made.operands[i] = map_[id.index];
    }
    std::vector<Type> types;
    for (const ValueId id : node.results) types.push_back(from_.type(id));
    const auto results = made_.graph.append_typed(std::move(made), types);
    for (size_t i = 0; i < results.size(); ++i) map_[node.results[i].index] = results[i].id();
  }

  const Graph& from_;
  const NamedTensors& weights_;
  std::vector<ValueId> map_;
  std::map<std::string, int> readers_;
  WeightedModel made_;
};

}  // namespace

WeightedModel folded_batch_norm(const Graph& model, const NamedTensors& weights) {
  Graph graph = model;
  std::vector<Body> prepared;
  const PassOptions options{.prepared = &prepared};
  fold_batch_norm(graph, options);
  remove_dead_nodes(graph, options);
  hoist_weights(graph, options);
  fold_constants(graph, options);
  NamedTensors all = weights;
  for (const Body& definition : prepared)
    all.emplace(definition->results()[0].name, computed(*definition, weights));
  return Renaming(graph, all).run();
}

}  // namespace sinter
