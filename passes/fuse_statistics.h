#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes a batch norm's statistics in the kernel of the convolution that makes what is normalised, while
/// results are in registers; the norm reads them and looks at its input once.
///   before   %1 = conv2d(%x, %w)
///            %2, %3, %4 = fusion(%1, %scale, %shift) { batch_norm_training, relu }
///   after    %1, %3, %4 = fusion(%x, %w) { conv2d, batch_norm_training }
///            %2 = fusion(%1, %scale, %shift, %3, %4) { batch_norm, relu }
/// Reads:   options.target.
/// Needs:   what is normalised is made by a convolution, perhaps fused with elementwise ops; a kernel around
///          the norm has one result beside its statistics; the target accepts the body in the layouts that
///          the graph has, and expects both together to take no longer than before. Where something of this
///          does not hold a remark says so.
/// Order:   after assign_layouts, whose choice of layouts decides which kernels there are, and before
///          recompute, which then makes the norm again from the same statistics.
/// Returns: true if the graph changed.
bool fuse_statistics(Graph& graph, const PassOptions& options);

}  // namespace sinter
