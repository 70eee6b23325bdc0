#include "cli/graph_phases.h"

#include <algorithm>
#include <optional>

namespace sinter::cli {
namespace {

class Phases {
 public:
  explicit Phases(const Graph& graph) : graph_(graph), found_(graph.nodes().size()) {}

  std::vector<Phase> run() {
    const auto updates = updating_nodes();
    std::vector<ValueId> outputs, gradients, rest;
    for (const GraphResult& result : graph_.results()) {
      const NodeId node = graph_.info(result.value).node;
      if (node >= 0 && updates[node]) continue;
      (result.name.starts_with("gradient.") ? gradients : outputs).push_back(result.value);
    }
    for (NodeId id = 0; id < static_cast<NodeId>(updates.size()); ++id)
      if (updates[id]) read_by_update(graph_.node(id), gradients, rest);
    mark(outputs, Phase::forward);
    mark(gradients, Phase::backward);
    mark(rest, Phase::update);
    for (NodeId id = 0; id < static_cast<NodeId>(updates.size()); ++id)
      if (updates[id] && !found_[id]) found_[id] = Phase::update;
    return with_unread_nodes();
  }

 private:
  std::vector<bool> updating_nodes() const {
    std::vector<bool> updates(graph_.nodes().size());
    for (const GraphResult& result : graph_.results()) {
      const NodeId node = graph_.info(result.value).node;
      if (node < 0 || !result.stored_in.valid()) continue;
      if (graph_.info(result.stored_in).kind == ValueKind::parameter) updates[node] = true;
    }
    // A parameter whose layout is not that of its update goes through a reorder.
    for (NodeId id = static_cast<NodeId>(updates.size()); id-- > 0;)
      if (updates[id] && is_reorder(graph_.node(id)))
        if (const NodeId maker = graph_.info(graph_.node(id).operands[0]).node; maker >= 0)
          updates[maker] = true;
    return updates;
  }

  static bool is_reorder(const Node& node) { return node.op == OpKind::reorder; }

  // Of an op that names its gradient the other operands (whether the loss is finite) are no part of the
  // backward pass; of another op, such as a fusion, which one the gradient is cannot be told.
  static void read_by_update(const Node& node, std::vector<ValueId>& gradients, std::vector<ValueId>& rest) {
    const auto& operands = op_def(node.op).operands;
    const auto is_gradient = [](const OperandDef& operand) { return operand.name == "gradient"; };
    const bool names_it = is_reorder(node) || std::ranges::any_of(operands, is_gradient);
    for (size_t i = 0; i < node.operands.size(); ++i)
      (names_it && !is_gradient(operands[i]) ? rest : gradients).push_back(node.operands[i]);
  }

  // Gives the phase to all that the values need and that has none yet.
  void mark(std::vector<ValueId> values, Phase phase) {
    while (!values.empty()) {
      const ValueId value = values.back();
      values.pop_back();
      const NodeId id = value.valid() ? graph_.info(value).node : -1;
      if (id < 0 || found_[id]) continue;
      found_[id] = phase;
      const auto& operands = graph_.node(id).operands;
      values.insert(values.end(), operands.begin(), operands.end());
    }
  }

  // What nobody needs is of the last phase that it reads from.
  std::vector<Phase> with_unread_nodes() const {
    std::vector<Phase> phases(found_.size(), Phase::forward);
    for (size_t id = 0; id < phases.size(); ++id) {
      if (found_[id]) phases[id] = *found_[id];
      if (found_[id]) continue;
      for (const ValueId operand : graph_.nodes()[id].operands)
        if (operand.valid() && graph_.info(operand).node >= 0)
          phases[id] = std::max(phases[id], phases[graph_.info(operand).node]);
    }
    return phases;
  }

  const Graph& graph_;
  std::vector<std::optional<Phase>> found_;
};

}  // namespace

std::vector<Phase> phases(const Graph& graph) { return Phases(graph).run(); }

}  // namespace sinter::cli
