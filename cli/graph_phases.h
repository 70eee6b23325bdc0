#pragma once

#include <vector>

#include "ir/graph.h"

namespace sinter::cli {

/// The part of a training step that a node belongs to. A graph without a backward part is all `forward`.
enum class Phase : uint8_t { forward, backward, update };

/// The phase of each node, from what the graph computes with it: what its results need is forward, what is
/// stored into a parameter is the update, and what only gradients need is backward. A node of a later phase
/// is never read by one of an earlier phase.
std::vector<Phase> phases(const Graph& graph);

}  // namespace sinter::cli
