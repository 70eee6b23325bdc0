#include "passes/live_bytes.h"

#include "passes/plan_memory.h"

namespace sinter {

std::vector<Lifetime> lifetimes(const Graph& graph) {
  std::vector<Lifetime> times(graph.values().size());
  std::vector<int32_t> storage(graph.values().size());
  for (size_t i = 0; i < storage.size(); ++i) storage[i] = static_cast<int32_t>(i);
  const auto read = [&](ValueId value, NodeId at) {
    auto& reads = times[storage[value.index]].reads;
    if (reads.empty() || reads.back() != at) reads.push_back(at);
  };
  const auto views = find_views(graph);
  const auto count = static_cast<NodeId>(graph.nodes().size());
  for (NodeId id = 0; id < count; ++id) {
    const Node& node = graph.node(id);
    for (const ValueId operand : node.operands)
      if (operand.valid()) read(operand, id);
    for (const ValueId result : node.results) {
      if (views[id])
        storage[result.index] = storage[node.operands[0].index];
      else
        times[result.index] = {id, {}, graph.type(result).bytes()};
    }
  }
  for (const GraphResult& result : graph.results()) read(result.value, count);
  return times;
}

LiveBytes::Peak LiveBytes::peak() const {
  Peak most;
  int64_t bytes = 0;
  for (size_t i = 0; i < change_.size(); ++i) {
    bytes += change_[i];
    if (bytes > most.bytes) most = {static_cast<NodeId>(i), bytes};
  }
  return most;
}

}  // namespace sinter
