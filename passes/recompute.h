#pragma once

#include "passes/pass.h"

namespace sinter {

/// Makes values of the forward pass again where the backward pass reads them, instead of keeping them that
/// long: memory for a sweep over it (Chen et al., arXiv 1604.06174, for what is cheap).
///   before   %5, %2, %3 = fusion(%x, %w, %b) { batch_norm_training, relu }
///            ...        the next layers, forward and backward, which %x outlives
///            %9 = conv2d_backward_weights(%5, %8)
///   after    %5, %2, %3 = fusion(%x, %w, %b) { batch_norm_training, relu }
///            ...
///            %6 = fusion(%x, %w, %b, %2, %3) { batch_norm, relu }
///            %9 = conv2d_backward_weights(%6, %8)
/// Reads:   options.recompute: never, always, or as long as all of it is expected to take at most 2 % of the
///          graph's time, the most memory for a second first; options.target.
/// Needs:   the value is kept while most memory is taken, and read before and after, not then; what it is
///          made from is there again anyway; up to three nodes make it, which the target expects to take at
///          most as long as four sweeps over it. Nothing is done if plan_memory finds no less memory to be
///          enough.
/// Order:   last: it needs layouts, and what lies within a loop over slabs is in cache and stays there.
/// Returns: true if the graph changed. Remarks say what auto leaves to be kept.
bool recompute(Graph& graph, const PassOptions& options);

}  // namespace sinter
