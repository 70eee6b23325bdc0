#include "passes/readers.h"

#include <algorithm>

namespace sinter {

Readers::Readers(const Graph& graph)
    : nodes_(graph.values().size()), reads_(graph.values().size()), is_result_(graph.values().size()) {
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
    for (const ValueId operand : graph.node(id).operands)
      if (operand.valid()) {
        ++reads_[operand.index];
        if (of(operand).empty() || of(operand).back() != id) nodes_[operand.index].push_back(id);
      }
  for (const GraphResult& result : graph.results()) is_result_[result.value.index] = true;
}

bool Readers::are_only(ValueId value, std::span<const NodeId> nodes) const {
  return !is_result(value) &&
         std::ranges::all_of(of(value), [&](NodeId reader) { return std::ranges::count(nodes, reader) > 0; });
}

std::vector<ValueId> Readers::read_outside(const Graph& graph, std::span<const NodeId> nodes) const {
  std::vector<ValueId> values;
  for (const NodeId id : nodes)
    for (const ValueId value : graph.node(id).results) {
      const bool outside = std::ranges::any_of(
          of(value), [&](NodeId reader) { return std::ranges::count(nodes, reader) == 0; });
      if (outside || is_result(value)) values.push_back(value);
    }
  return values;
}

}  // namespace sinter
