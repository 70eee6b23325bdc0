#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes one kernel of what makes a gradient, the sum of a loop's lanes, a matrix product or a convolution's
/// gradient by weights, and the optimizer's update that reads it, so that the gradient is never stored and
/// each parameter is touched once. Where a convolution's bias has its gradient from the same kernel both
/// parameters are updated there.
///   before   %2 = sum(%1) {axes = [0]}               : f32[4, 3]
///            %3 = mul(%2, 0.0625)                    : f32[4, 3]
///            %4 = sgd_update(%w, %3, %lr)            : f32[4, 3]
///   after    %4 = fusion(%1, %w, %lr) { sum, mul, sgd_update }
/// Reads:   options.target.
/// Needs:   a sum is over the first dimension alone and drops it, and its lanes lie one after the other, each
///          as their sum does; a reorder of that is part of the fusion, whose kernel brings lanes into the
///          parameter's layout. Any other gradient lies as the parameter does. Nothing but an update reads
///          any gradient that is made there, or its product with a constant number, and neither is a result.
///          The target accepts the body and expects the whole to take no longer than its parts. Where
///          something of this does not hold, clipping comes between or its norm reads the gradient, a remark
///          says so.
/// Order:   after form_slab_loops, which makes the lanes, and assign_layouts.
/// Returns: true if the graph changed.
bool fuse_updates(Graph& graph, const PassOptions& options);

}  // namespace sinter
