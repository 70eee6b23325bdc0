#include "passes/hoist_weights.h"

#include <algorithm>

#include "ir/copy.h"
#include "passes/remove_dead_nodes.h"

namespace sinter {
namespace {

constexpr int64_t always_small_bytes = 64 << 10;

class Hoister {
 public:
  explicit Hoister(const Graph& graph)
      : graph_(graph), fixed_(graph.values().size()), weights_(graph.values().size()) {
    for (const ValueId id : graph.constants()) fixed_[id.index] = true;
    for (const auto ids : {graph.parameters(), graph.states()})
      for (const ValueId id : ids) fixed_[id.index] = weights_[id.index] = !is_stored_into(id);
    for (const Node& node : graph.nodes()) mark(node);
  }

  bool run(Graph& into, std::vector<Body>& prepared) {
    GraphCopy copy(graph_);
    std::vector<bool> replaced(graph_.values().size());
    for (const ValueId id : read_by_others()) {
      const std::vector<NodeId> nodes = made_by(id);
      if (!is_worth_keeping(id, nodes)) continue;
      const std::string name = name_for(copy.graph(), nodes);
      prepared.push_back(std::make_shared<const Graph>(definition(id, nodes, name)));
      copy.replace(id, copy.graph().parameter(name, graph_.type(id)));
      replaced[id.index] = true;
    }
    if (std::ranges::count(replaced, true) == 0) return false;
    for (const Node& node : graph_.nodes())
      if (!replaced[node.results[0].index]) copy.node(node);
    into = copy.finish();
    return true;
  }

 private:
  bool is_stored_into(ValueId id) const {
    return std::ranges::count(graph_.results(), id, &GraphResult::stored_in) > 0;
  }
  bool is_result(ValueId id) const {
    return std::ranges::count(graph_.results(), id, &GraphResult::value) > 0;
  }

  void mark(const Node& node) {
    bool fixed = node.results.size() == 1 && !node.operands.empty() && !is_result(node.results[0]);
    bool weights = false;
    const Type& made = graph_.type(node.results[0]);
    fixed =
        fixed && is_concrete(made.shape) && made.layout.is_plain() && has_reference_arithmetic(made.dtype);
    for (const ValueId id : node.operands) {
      if (!id.valid()) continue;
      fixed = fixed && fixed_[id.index] && has_reference_arithmetic(graph_.type(id).dtype);
      weights = weights || weights_[id.index];
    }
    if (!fixed) return;
    fixed_[node.results[0].index] = true;
    weights_[node.results[0].index] = weights;
  }

  bool is_made_of_weights(const Node& node) const { return weights_[node.results[0].index]; }

  // What nodes that read something else too read of those that read weights only.
  std::vector<ValueId> read_by_others() const {
    std::vector<ValueId> found;
    for (const Node& node : graph_.nodes()) {
      if (is_made_of_weights(node)) continue;
      for (const ValueId id : node.operands)
        if (id.valid() && graph_.info(id).kind == ValueKind::result && weights_[id.index] &&
            std::ranges::count(found, id) == 0)
          found.push_back(id);
    }
    return found;
  }

  // The nodes that make a value of weights, in order.
  std::vector<NodeId> made_by(ValueId id) const {
    std::vector<NodeId> nodes = {graph_.info(id).node};
    for (size_t i = 0; i < nodes.size(); ++i)
      for (const ValueId operand : graph_.node(nodes[i]).operands)
        if (operand.valid() && graph_.info(operand).kind == ValueKind::result &&
            std::ranges::count(nodes, graph_.info(operand).node) == 0)
          nodes.push_back(graph_.info(operand).node);
    std::ranges::sort(nodes);
    return nodes;
  }

  // Parameters, states and constants that nodes read.
  std::vector<ValueId> sources(const std::vector<NodeId>& nodes) const {
    std::vector<ValueId> found;
    for (const NodeId node : nodes)
      for (const ValueId id : graph_.node(node).operands)
        if (id.valid() && graph_.info(id).kind != ValueKind::result && std::ranges::count(found, id) == 0)
          found.push_back(id);
    return found;
  }

  bool is_worth_keeping(ValueId id, const std::vector<NodeId>& nodes) const {
    int64_t bytes = 0;
    for (const ValueId source : sources(nodes)) bytes += graph_.type(source).bytes();
    return graph_.type(id).bytes() <= std::max(bytes, always_small_bytes);
  }

  // After the largest of the weights that it is made of.
  std::string name_for(const Graph& into, const std::vector<NodeId>& nodes) const {
    ValueId largest;
    for (const ValueId id : sources(nodes))
      if (weights_[id.index] && (!largest.valid() || graph_.type(id).bytes() > graph_.type(largest).bytes()))
        largest = id;
    const std::string name = graph_.info(largest).name + ".prepared";
    for (int number = 1;; ++number) {
      const std::string numbered = number == 1 ? name : fmt::format("{}{}", name, number);
      if (!into.find(numbered)) return numbered;
    }
  }

  Graph definition(ValueId id, const std::vector<NodeId>& nodes, const std::string& name) const {
    Graph made;
    made.name = name;
    std::vector<ValueId> map(graph_.values().size());
    for (const ValueId source : sources(nodes)) {
      const ValueInfo& info = graph_.info(source);
      map[source.index] = (info.kind == ValueKind::constant    ? made.constant(info.constant)
                           : info.kind == ValueKind::parameter ? made.parameter(info.name, info.type)
                                                               : made.state(info.name, info.type))
                              .id();
    }
    for (const NodeId node : nodes) {
      Node copy = graph_.node(node);
      for (ValueId& operand : copy.operands)
        if (operand.valid()) operand = map[operand.index];
      const Type type = graph_.type(copy.results[0]);
      map[graph_.node(node).results[0].index] = made.append_typed(std::move(copy), {&type, 1})[0].id();
    }
    made.add_result(made.value(map[id.index]), name);
    return made;
  }

  const Graph& graph_;
  std::vector<bool> fixed_;    ///< by value: the same in each run
  std::vector<bool> weights_;  ///< by value: a weight is among what it is made of
};

}  // namespace

bool hoist_weights(Graph& graph, const PassOptions& options) {
  if (options.prepared == nullptr) return false;
  Graph without;
  if (!Hoister(graph).run(without, *options.prepared)) return false;
  remove_dead_nodes(without, options);
  graph = std::move(without);
  return true;
}

}  // namespace sinter
