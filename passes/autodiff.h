#pragma once

#include "passes/pass.h"

namespace sinter {

/// Adds the gradient of the result "loss" by every parameter, as a result "gradient.NAME".
///   before   param %w, %1 = mul(%x, %w), %2 = sum(%1), (loss: %2)
///   after    ... (loss: %2, gradient.w: %5)
/// Needs:   a scalar floating result "loss"; no symbols (bind_symbols); no fusion or loop; a gradient for
/// each op
///          between a parameter and the loss. A parameter that the loss does not depend on gets zeros.
/// Order:   after append_loss, before any fusion: gradients are written in terms of forward values.
/// Returns: true.
/// Source:  reverse mode, Griewank and Walther, Evaluating Derivatives, 2008, chapter 3.
bool autodiff(Graph& graph, const PassOptions& options);

}  // namespace sinter
