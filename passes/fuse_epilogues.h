#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes one kernel of a product and what follows it element by element, and of chains of elementwise ops.
///   before   %1 = conv2d(%x, %w, %b)
///            %2 = relu(%1)
///   after    %2 = fusion(%x, %w, %b) (%a, %b, %c) { conv2d, relu }
/// Shapes:  conv2d or linear, then elementwise ops of its shape (an added branch, an activation, what an
///          exporter made of one); conv2d_backward_weights with the sum of the same dy that is the bias's
///          gradient; elementwise ops of one shape. Only the last of such ops is read outside: of the others
///          several may read one (elementwise_groups.h).
/// Needs:   what lies between is read by nothing else and is no result of the graph; the target accepts the
///          body and expects it to be no slower than its parts. Where it refuses, a remark says why, and less
///          is fused: what follows a product is cut off, a chain cut in two, wherever the target expects that
///          to be the quickest.
/// Order:   after autodiff, which refuses fusions, and after remove_dead_nodes, whose readers do not count.
/// Returns: true if the graph changed.
bool fuse_epilogues(Graph& graph, const PassOptions& options);

}  // namespace sinter
