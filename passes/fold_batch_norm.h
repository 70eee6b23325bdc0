#pragma once

#include "passes/pass.h"

namespace sinter {

/// Folds inference batch norm into the convolution, or the linear layer, before it.
///   before   %1 = conv2d(%x, w, b), %2 = batch_norm(%1, mean, variance, scale, shift)
///   after    %2 = conv2d(%x, w * scale / sqrt(variance + epsilon), (b - mean) * scale / sqrt(...) + shift)
///          and the same of linear, whose result may be reshaped to pictures of one pixel between
/// Needs:   the convolution is read by nothing else and is no result; its weights, the statistics, scale and
///          shift are constants, or parameters and states that the graph does not store into.
/// Order:   before fold_constants, which computes new weights of constants, and hoist_weights, which has
///          those of parameters computed once; in inference only, since in training statistics are the
///          batch's.
/// Returns: true if the graph changed.
/// Source:  Jacob et al., CVPR 2018, section 3.2.
bool fold_batch_norm(Graph& graph, const PassOptions& options);

}  // namespace sinter
