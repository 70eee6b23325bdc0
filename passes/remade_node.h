#pragma once

#include <optional>

#include "ir/graph.h"

namespace sinter {

/// The node that makes a node's result again, to the same numbers, and nothing else; it is of no graph yet. A
/// batch norm in training, alone or with what is fused with it, becomes one that is given the statistics that
/// it found:
///   of       %5, %2, %3 = fusion(%x, %w, %b) { batch_norm_training, relu }
///   comes    %5         = fusion(%x, %w, %b, %2, %3) { batch_norm, relu }
/// Nothing: there is no such node, as where several results are made together, or by a loop.
std::optional<Node> remade(const Graph& graph, ValueId value);

}  // namespace sinter
