#pragma once

#include "passes/pass.h"

namespace sinter {

/// Replaces gradients by new parameters: one optimizer step.
///   before   (loss: %1, gradient.w: %2)
///   after    (%lr: f32[]) ... %3 = is_finite(%1), %4 = sgd_update(%w, %2, %lr, _, %3), (loss: %1, w': %4
///   into %w)
/// With momentum a state "w.velocity" is kept beside w. Where the loss is not finite nothing changes.
/// Needs:   results "loss" and "gradient.NAME" for every parameter, as autodiff leaves them.
/// Order:   right after autodiff.
/// Returns: true.
bool append_update(Graph& graph, const PassOptions& options);

}  // namespace sinter
