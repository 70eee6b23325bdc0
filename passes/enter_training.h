#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes layers compute as they do in training: batch norm by the statistics of the batch, which move the
/// running ones.
///   before   %1 = batch_norm(%x, %mean, %variance, %w, %b) {momentum = m}
///   after    %1, %2, %3 = batch_norm_training(%x, %w, %b)
///            %4 = (1 - m) * %mean + m * %2, and of the variance, which is then the unbiased one
///            (..., mean': %4 into %mean, variance': %5 into %variance)
/// Needs:   the running statistics are states, each of one batch norm; others are frozen and stay as they
///          are. No symbols in its shapes: how many values a channel has must be known.
/// Order:   after append_loss, which wants one result, and before autodiff.
/// Returns: true if the graph changed.
bool enter_training(Graph& graph, const PassOptions& options);

}  // namespace sinter
