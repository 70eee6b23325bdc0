#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes what is added to a convolution's channels, or to a linear layer's features, its bias.
///   before   %1 = conv2d(%x, %w)
///            %2 = add(%1, %b)                    %b: f32[16, 1, 1]
///   after    %2 = conv2d(%x, %w, %c)             %c: %b, reshaped to f32[16]
/// Needs:   the product has no bias, is read by nothing else and is no result. Rounding differs: a bias is
///          added before the sum is rounded.
/// Order:   after sink_transposes, which brings the two together; before passes that look for a product and
///          what follows it, and before autodiff, so that the bias's gradient is the product's.
/// Returns: true if the graph changed.
bool absorb_bias(Graph& graph, const PassOptions& options);

}  // namespace sinter
