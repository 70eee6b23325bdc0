#include "passes/readers.h"

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

}  // namespace sinter
