#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes one kernel of a convolution, what is fused with it already, and the pool behind it; and of a
/// pool's gradient, an activation's behind it, and each gradient of a convolution that reads them.
///   before   %1 = fusion(%x, %w, %b) { conv2d, relu }
///            %2, %3 = max_pool2d_argmax(%1)
///   after    %2, %3 = fusion(%x, %w, %b) { conv2d, relu, max_pool2d_argmax }
///   before   %4 = max_pool2d_backward(%dy, %3)
///            %5 = conv2d_backward_weights(%x, %4)
///            %6 = conv2d_backward_data(%4, %w)
///   after    %5 = fusion(%x, %dy, %3) { max_pool2d_backward, conv2d_backward_weights }
///            %6 = fusion(%dy, %3, %w) { max_pool2d_backward, conv2d_backward_data }
/// What lies between is not stored, but for a convolution's activation that its gradient reads.
/// Needs:   the pool is the first to read the convolution's result; nothing but gradients of convolutions
///          reads the gradient behind pool and activation, and it is no result; the target accepts all bodies
///          and expects the whole to take no longer than its parts. Where it does not, a remark says why.
/// Order:   after fuse_epilogues, whose fusions it extends.
/// Returns: true if the graph changed.
bool fuse_conv_activation_pool(Graph& graph, const PassOptions& options);

}  // namespace sinter
