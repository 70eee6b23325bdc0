#include "passes/remove_dead_nodes.h"

#include <algorithm>

#include "ir/copy.h"

namespace sinter {

bool remove_dead_nodes(Graph& graph, const PassOptions&) {
  std::vector<bool> live(graph.values().size());
  for (const GraphResult& result : graph.results()) live[result.value.index] = true;
  const auto is_live = [&](const Node& node) {
    return std::ranges::any_of(node.results, [&](ValueId id) { return live[id.index]; });
  };
  for (size_t i = graph.nodes().size(); i-- > 0;) {
    const Node& node = graph.nodes()[i];
    if (!is_live(node)) continue;
    for (const ValueId operand : node.operands)
      if (operand.valid()) live[operand.index] = true;
  }
  const bool nodes_live = std::ranges::all_of(graph.nodes(), is_live);
  if (nodes_live && std::ranges::all_of(graph.constants(), [&](ValueId id) { return live[id.index]; }))
    return false;
  GraphCopy copy(graph, {}, [&](ValueId constant) { return live[constant.index]; });
  for (const Node& node : graph.nodes())
    if (is_live(node)) copy.node(node);
  graph = copy.finish();
  return true;
}

}  // namespace sinter
