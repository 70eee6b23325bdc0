#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes one kernel of a product and what follows it element by element, and of chains of elementwise ops.
///   before   %1 = conv2d(%x, %w, %b)
///            %2 = relu(%1)
///   after    %2 = fusion(%x, %w, %b) (%a, %b, %c) { conv2d, relu }
/// Shapes:  conv2d or linear, then at most one add of a value of the same shape, then at most one of relu,
///          sigmoid, tanh and leaky_relu; conv2d_backward_weights with the sum of the same dy that is the
///          bias's gradient; elementwise ops of one shape, of which only the last is read outside.
/// Needs:   what lies between is read by nothing else and is no result of the graph; the target accepts the
///          body and expects it to be no slower than its parts. Where it refuses, a remark says why, and less
///          is fused: a chain is cut in two, wherever the target expects that to be the quickest.
/// Order:   after autodiff, which refuses fusions, and after remove_dead_nodes, whose readers do not count.
/// Returns: true if the graph changed.
bool fuse_epilogues(Graph& graph, const PassOptions& options);

}  // namespace sinter
