#pragma once

#include "passes/pass.h"

namespace sinter {

/// Takes transposes behind what may as well be computed in the other order of dimensions, until they meet
/// their opposites and go. TensorFlow's and Keras's exports have one on either side of each convolution.
///   before   %1 = conv2d(%x, %w)
///            %2 = transpose(%1) {permutation = [0, 2, 3, 1]}
///            %3 = add(%2, %bias)                                   %bias: f32[16]
///            %4 = transpose(%3) {permutation = [0, 3, 1, 2]}
///   after    %1 = conv2d(%x, %w)
///            %2 = reshape(%bias) {shape = [16, 1, 1]}
///            %3 = add(%1, %2)
/// Of elementwise ops all operands are transposed alike, or are scalars, parameters or constants, which are
/// turned round in their place; concat and reductions take other axes. A transpose that moves only dimensions
/// of size 1 becomes a reshape.
/// Needs:   numbers for sizes. Bits stay, but for the order in which reductions add up.
/// Order:   before passes that look for a convolution and what follows it; before autodiff, which would have
///          to transpose gradients too.
/// Returns: true if the graph changed.
bool sink_transposes(Graph& graph, const PassOptions& options);

}  // namespace sinter
