#pragma once

#include "passes/pass.h"

namespace sinter {

/// Replaces gradients by new parameters: one optimizer step.
///   before   (loss: %1, gradient.w: %2)
///   after    (%lr: f32[]) ... %3 = is_finite(%1), %4 = sgd_update(%w, %2, %lr, _, %3), (loss: %1, w': %4
///   into %w)
/// What the optimizer keeps are states: of sgd with momentum "w.velocity" beside w; of adam and adamw
/// "w.mean" and "w.square", and "optimizer.correction1" and 2, which are 1 - beta^t after t steps; of rmsprop
/// "w.square", "w.velocity" with momentum, "w.average" where centered. Where the loss is not finite nothing
/// changes: what other results are stored in is selected so too.
/// With options.accumulate the step has two more inputs: "share", what its gradient counts in the sum over
/// several steps (kept as "w.gradient"), and "last", whether the update happens, on the sum.
/// Reads:   options.optimizer, momentum, weight_decay, nesterov, adaptive, clip, accumulate.
/// Needs:   results "loss" and "gradient.NAME" for every parameter, as autodiff leaves them.
/// Order:   right after autodiff.
/// Returns: true.
bool append_update(Graph& graph, const PassOptions& options);

}  // namespace sinter
