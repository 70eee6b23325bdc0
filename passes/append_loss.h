#pragma once

#include "passes/pass.h"

namespace sinter {

/// Adds the loss, and for a classifier the count of right answers.
///   before   (%image) -> (%logits)
///   after    (%image, %labels: i64[N]) -> (loss: f32[], correct: i64[])          loss = cross_entropy
///            (%image, %target: f32[N, 10]) -> (loss: f32[], correct: i64[])        loss = mse
/// With options.scores the model's own result stays, as "scores". Reads: options.loss, loss_reduction,
/// label_smoothing, scores.
/// A target is a row of class scores, the largest being the right class; "correct" is left out where the
/// result is not [N, C]. Needs:   one floating result; for cross_entropy of shape [N, C]. Order:   first of
/// training. Returns: true.
bool append_loss(Graph& graph, const PassOptions& options);

}  // namespace sinter
