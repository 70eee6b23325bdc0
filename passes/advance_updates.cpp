#include "passes/advance_updates.h"

#include <algorithm>
#include <map>
#include <set>

#include "ir/copy.h"
#include "passes/readers.h"

namespace sinter {
namespace {

class Scheduler {
 public:
  explicit Scheduler(const Graph& graph) : graph_(graph), readers_(graph), done_(graph.nodes().size()) {
    for (const GraphResult& result : graph.results())
      if (result.stored_in.valid()) replaces_.emplace(result.value, result.stored_in);
  }

  /// The nodes in their new order.
  std::vector<NodeId> order() {
    std::vector<NodeId> order;
    const auto take = [&](NodeId id) {
      order.push_back(id);
      done_[id] = true;
    };
    std::vector<NodeId> waiting;
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id)
      if (may_move(graph_.node(id))) waiting.push_back(id);
    const std::set<NodeId> moving(waiting.begin(), waiting.end());
    const auto take_ready = [&] {
      const auto takes = [&](NodeId id) {
        if (!is_ready(id)) return false;
        take(id);
        return true;
      };
      while (std::erase_if(waiting, takes) > 0) {
      }
    };
    take_ready();
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id) {
      if (moving.contains(id)) continue;
      take(id);
      take_ready();
    }
    // Two that read what the other replaces wait for each other.
    order.insert(order.end(), waiting.begin(), waiting.end());
    return order;
  }

 private:
  bool may_move(const Node& node) const {
    const auto is_single = [&](ValueId id) { return !id.valid() || graph_.type(id).shape.empty(); };
    return std::ranges::all_of(
               node.results, [&](ValueId id) { return replaces_.contains(id) && readers_.of(id).empty(); }) ||
           (std::ranges::all_of(node.operands, is_single) && std::ranges::all_of(node.results, is_single));
  }

  bool is_made(ValueId id) const {
    return !id.valid() || graph_.info(id).kind != ValueKind::result || done_[graph_.info(id).node];
  }

  bool is_ready(NodeId id) const {
    const Node& node = graph_.node(id);
    if (!std::ranges::all_of(node.operands, [&](ValueId operand) { return is_made(operand); })) return false;
    return std::ranges::all_of(node.results, [&](ValueId result) {
      const auto replaced = replaces_.find(result);
      return replaced == replaces_.end() ||
             std::ranges::all_of(readers_.of(replaced->second),
                                 [&](NodeId reader) { return reader == id || done_[reader]; });
    });
  }

  const Graph& graph_;
  Readers readers_;
  std::map<ValueId, ValueId> replaces_;  ///< what is stored where
  std::vector<bool> done_;               ///< by node
};

}  // namespace

bool advance_updates(Graph& graph, const PassOptions&) {
  const std::vector<NodeId> order = Scheduler(graph).order();
  if (std::ranges::is_sorted(order)) return false;
  GraphCopy copy(graph);
  for (const NodeId id : order) copy.node(graph.node(id));
  graph = copy.finish();
  return true;
}

}  // namespace sinter
