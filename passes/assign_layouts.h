#pragma once

#include "passes/pass.h"

namespace sinter {

/// Chooses how every value lies in memory and puts reorder nodes where what a node wants is not what another
/// made.
///   before   %1 = conv2d(%x, %w)            : f32[8, 64, 56, 56]
///   after    %1 = reorder(%x)               : f32[8, 64, 56, 56]{aBcd16b}
///            %2 = conv2d(%1, %w)            : f32[8, 64, 56, 56]{aBcd16b}
/// Chosen together over the whole graph, forward and backward, by the target's estimates: the time of every
/// node in the layouts it is given plus the time of the reorders, at most one for each value and layout, none
/// for one that moves nothing (plan_memory.h, find_views). Where form_slab_loops comes later, what a loop
/// will hold is estimated on a slab (slab_target.h). Parameters and states lie as is best for all their
/// readers and for the value that replaces them; inputs, constants and results are plain.
/// Needs:   a graph without symbols and with plain layouts only. Nodes that the target cannot run stay plain.
/// Order:   last of the passes that change what is computed: fusions have other choices than their parts.
/// Source:  local search from several starts over the cost graph; of a thousand random graphs of four nodes
///          it finds the best choice of all.
/// Returns: true if the graph changed.
bool assign_layouts(Graph& graph, const PassOptions& options);

}  // namespace sinter
