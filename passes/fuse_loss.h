#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes one kernel of a classification loss and its gradient, which makes their softmax once.
///   before   %2 = softmax_cross_entropy(%x, %labels)
///            %3 = softmax_cross_entropy_backward(%x, %labels, %1)
///   after    %2, %3 = fusion(%x, %labels) { softmax_cross_entropy, softmax_cross_entropy_backward }
/// Reads:   options.target.
/// Needs:   both are of the same logits, labels, reduction and label smoothing; the gradient of the loss is a
///          constant number, since anything else may be made from the loss. The target accepts the body and
///          expects it to be no slower than its parts. Where a gradient is of the same logits and labels and
///          something of this does not hold, a remark says so.
/// Order:   after remove_dead_nodes: a loss that nobody reads is no part of its gradient.
/// Returns: true if the graph changed.
bool fuse_loss(Graph& graph, const PassOptions& options);

}  // namespace sinter
