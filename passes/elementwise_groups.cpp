#include "passes/elementwise_groups.h"

#include <algorithm>

namespace sinter {
namespace {

// Every cut of a group is weighed, and what it is cut into again: work that grows with the cube of its size.
// What networks compute between two products is far smaller.
constexpr size_t most_in_group = 64;

}  // namespace

// From the last node to the first, so that all readers of a node have their groups when it is asked for its
// own.
std::vector<NodeGroup> elementwise_groups(const Graph& graph, const Readers& readers,
                                          const std::function<bool(NodeId)>& joins) {
  const auto count = static_cast<NodeId>(graph.nodes().size());
  std::vector<int> group_of(graph.nodes().size(), -1);
  std::vector<NodeGroup> groups;
  const auto shape_of = [&](NodeId id) -> const Shape& {
    return graph.type(graph.node(id).results[0]).shape;
  };
  const auto group_of_readers = [&](NodeId id) {
    const ValueId value = graph.node(id).results[0];
    const auto& nodes = readers.of(value);
    if (nodes.empty() || readers.is_result(value)) return -1;
    const int group = group_of[nodes[0]];
    const auto is_same = [&](NodeId reader) {
      return group_of[reader] == group && shape_of(reader) == shape_of(id);
    };
    return group >= 0 && groups[group].size() < most_in_group && std::ranges::all_of(nodes, is_same) ? group
                                                                                                     : -1;
  };
  for (NodeId id = count; id-- > 0;) {
    if (!joins(id)) continue;
    group_of[id] = group_of_readers(id);
    if (group_of[id] < 0) {
      group_of[id] = static_cast<int>(groups.size());
      groups.emplace_back();
    }
    groups[group_of[id]].push_back(id);
  }
  for (NodeGroup& group : groups) std::ranges::reverse(group);
  std::ranges::reverse(groups);
  return groups;
}

std::optional<std::pair<NodeGroup, NodeGroup>> cut_group(const Graph& graph, const Readers& readers,
                                                         const NodeGroup& group, NodeId at) {
  NodeGroup first = {at}, rest;
  for (size_t i = group.size(); i-- > 0;) {
    if (group[i] == at) continue;
    const auto& nodes = readers.of(graph.node(group[i]).results[0]);
    const auto is_in_first = [&](NodeId reader) { return std::ranges::count(first, reader) > 0; };
    const bool makes_it = std::ranges::any_of(nodes, is_in_first);
    if (makes_it && !std::ranges::all_of(nodes, is_in_first)) return std::nullopt;
    (makes_it ? first : rest).push_back(group[i]);
  }
  std::ranges::reverse(first);
  std::ranges::reverse(rest);
  return std::pair(std::move(first), std::move(rest));
}

}  // namespace sinter
