#pragma once

#include "passes/pass.h"

namespace sinter {

/// Folds inference batch norm into the convolution before it.
///   before   %1 = conv2d(%x, w, b), %2 = batch_norm(%1, mean, variance, scale, shift)
///   after    %2 = conv2d(%x, w * scale / sqrt(variance + epsilon), (b - mean) * scale / sqrt(...) + shift)
/// Needs:   the convolution is read by nothing else and is no result; its weights, the statistics, scale and
///          shift are constants: with parameters the new weights would be made again in each run.
/// Order:   before fold_constants, which computes the new weights; in inference only, since in training
///          statistics are the batch's.
/// Returns: true if the graph changed.
/// Source:  Jacob et al., CVPR 2018, section 3.2.
bool fold_batch_norm(Graph& graph, const PassOptions& options);

}  // namespace sinter
