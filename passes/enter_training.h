#pragma once

#include "passes/pass.h"

namespace sinter {

/// Inputs of a step with dropout: the seed, an i64; the number of each sample, an i64[N], which no other
/// sample has that the training ever sees.
inline constexpr std::string_view dropout_seed_input = "dropout.seed";
inline constexpr std::string_view dropout_sample_input = "dropout.sample";

/// Makes layers compute as they do in training: batch norm by the statistics of the batch, which move the
/// running ones; dropout by a mask.
///   before   %1 = batch_norm(%x, %mean, %variance, %w, %b) {momentum = m}
///   after    %1, %2, %3 = batch_norm_training(%x, %w, %b)
///            %4 = (1 - m) * %mean + m * %2, and of the variance, which is then the unbiased one
///            (..., mean': %4 into %mean, variance': %5 into %variance)
///   before   %1 = dropout(%x) {p = 0.3}
///   after    %1 = dropout_mask(%dropout.sample, %dropout.seed) {sample_size = ..., p = 0.3, stream = i}
///            %2 = mul(%x, %1)                     for the i-th dropout
/// The mask is kept for the gradient, which multiplies by it too: within a slab it stays in the cache.
/// Needs:   the running statistics are states, each of one batch norm; others are frozen and stay as they
///          are. No symbols in the shapes of batch norm and dropout: how many values a channel has must be
///          known. Dimension 0 of dropout is the batch, which is that of the first input.
/// Order:   after append_loss, which wants one result, and before autodiff.
/// Returns: true if the graph changed.
bool enter_training(Graph& graph, const PassOptions& options);

}  // namespace sinter
