#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "passes/readers.h"

namespace sinter {

/// Elementwise nodes that can be one kernel, in the order of the graph: values of one shape, each read by
/// others of the group only, but for the last, which alone is read outside. One that several of them read
/// stands there once, so that nothing is computed twice.
using NodeGroup = std::vector<NodeId>;

/// Puts each node that `joins` into one group, alone or with others; groups are as large as they can be up to
/// some limit, and stand in the order of their last nodes.
std::vector<NodeGroup> elementwise_groups(const Graph& graph, const Readers& readers,
                                          const std::function<bool(NodeId)>& joins);

/// Two groups of one: what makes the value of node `at`, and the rest, which reads that. Nothing: the rest
/// would read more of the first than this one value.
std::optional<std::pair<NodeGroup, NodeGroup>> cut_group(const Graph& graph, const Readers& readers,
                                                         const NodeGroup& group, NodeId at);

}  // namespace sinter
