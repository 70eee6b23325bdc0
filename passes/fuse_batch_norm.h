#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes one kernel of a batch norm and what follows it element by element, and of its gradient and what goes
/// before: what lies between is not stored.
///   before   %1, %2, %3 = batch_norm_training(%x, %w, %b)
///            %4 = add(%1, %side)
///            %5 = relu(%4)
///   after    %5, %2, %3 = fusion(%x, %w, %b, %side) { batch_norm_training, add, relu }
///   before   %1 = compare(%y, 0) {le}, %2 = select(%1, 0, %dy)
///            %3, %4, %5 = batch_norm_backward(%2, %x, %mean, %variance, %w)
///   after    %3, %4, %5 = fusion(%y, %dy, %x, %mean, %variance, %w) { compare, select, batch_norm_backward }
/// Shapes:  behind a norm elementwise ops of its shape, one after the other; before a gradient a tree of
///          them. Statistics, and the gradient that an added branch reads too, become further results.
/// Needs:   between a norm and what follows there is no other reader and no result of the graph; nothing
///          that the kernel reads is made from what it gives; the target accepts the body and expects it to
///          be no slower than its parts. Where it refuses, a remark says why, and less is fused.
/// Order:   before fuse_epilogues, which would give the added branch and the activation to the convolution
///          that makes the branch: then the norm's result is stored and both of its gradients' sweeps read
///          one value more.
/// Returns: true if the graph changed.
bool fuse_batch_norm(Graph& graph, const PassOptions& options);

}  // namespace sinter
