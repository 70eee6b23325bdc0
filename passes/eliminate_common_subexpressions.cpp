#include "passes/eliminate_common_subexpressions.h"

#include <algorithm>
#include <map>

#include "ir/copy.h"

namespace sinter {
namespace {

// The first constant equal to each, itself where it is the first.
ValueId first_equal(const Graph& graph, ValueId id) {
  for (const ValueId other : graph.constants())
    if (graph.info(other).constant == graph.info(id).constant) return other;
  return id;
}

}  // namespace

bool eliminate_common_subexpressions(Graph& graph, const PassOptions&) {
  bool changed = false;
  GraphCopy copy(graph, {}, [&](ValueId id) { return first_equal(graph, id) == id; });
  for (const ValueId id : graph.constants()) {
    const ValueId first = first_equal(graph, id);
    if (first == id) continue;
    copy.replace(id, copy[first]);
    changed = true;
  }
  std::multimap<std::pair<OpKind, std::vector<ValueId>>, const Node*> seen;  // by op and new operands
  for (const Node& node : graph.nodes()) {
    std::vector<ValueId> operands;
    for (const auto& operand : copy.operands(node)) operands.push_back(operand ? operand->id() : ValueId{});
    const auto [begin, end] = seen.equal_range({node.op, operands});
    const auto same = std::find_if(begin, end, [&](const auto& entry) {
      return entry.second->attributes == node.attributes &&
             std::ranges::equal(entry.second->results, node.results,
                                [&](ValueId a, ValueId b) { return graph.type(a) == graph.type(b); });
    });
    if (same != end) {
      for (size_t i = 0; i < node.results.size(); ++i)
        copy.replace(node.results[i], copy[same->second->results[i]]);
      changed = true;
      continue;
    }
    seen.emplace(std::pair(node.op, std::move(operands)), &node);
    copy.node(node);
  }
  if (changed) graph = copy.finish();
  return changed;
}

}  // namespace sinter
