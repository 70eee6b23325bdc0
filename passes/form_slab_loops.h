#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes one loop over slabs of the batch of what works sample by sample or sums over samples, forward and
/// backward, so that a slab's intermediate values stay in cache from the first op to the last, and take
/// memory for each thread instead of for the batch.
///   before   %1 = relu(%x)                       : f32[256, 8]
///            %2 = sum(%1) {axes = [0]}           : f32[8]
///   after    %1 = slab_loop(%x) {slab = 16, lanes = 8, accumulated = [0]} (%a: f32[16, 8]) {
///              %2 = relu(%a)                     : f32[16, 8]
///              %3 = sum(%2) {axes = [0]}         : f32[8]
///              return %3
///            } : f32[8, 8]
///            %4 = sum(%1) {axes = [0]}           : f32[8]
/// A mean over samples becomes a sum, scaled after the loop; shapes that hold the batch hold the slab. What
/// mixes samples ends a loop, and another begins after it. Sums too large for lanes are made after the loop
/// from the values of the whole batch.
/// Reads:   options.slabs; options.target, if there is one, must be able to run the body's nodes on a slab.
/// Needs:   a graph without symbols whose first input has the batch as dimension 0; at least two nodes that
///          share the loop. Unless options.slabs.slab is set: more than one slab, and either, in a training
///          step, none far larger than a cache, and where lanes have no slab each not much more time than at
///          once on as many threads, as the target expects (slab_size.h); or much less memory in hardly more
///          time (frugal_slab.h).
/// Order:   after assign_layouts, which does not look into bodies.
/// Returns: true if the graph changed.
bool form_slab_loops(Graph& graph, const PassOptions& options);

}  // namespace sinter
