#pragma once

#include "passes/pass.h"

namespace sinter {

/// Removes nodes and constants that no result needs. Inputs, parameters and states stay: they are the
/// interface.
///   before   %1 = exp(%x)
///            %2 = relu(%x)
///            return %2
///   after    %1 = relu(%x)
///            return %1
/// Needs:   none of the node's results is read.
/// Order:   last, and after autodiff, which makes gradients that nobody asked for.
/// Returns: true if the graph changed.
bool remove_dead_nodes(Graph& graph, const PassOptions& options);

}  // namespace sinter
