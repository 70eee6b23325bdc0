#pragma once

#include "passes/pass.h"

namespace sinter {

/// Takes out of a graph what it computes of weights alone, which would be the same in each run. What it gives
/// become parameters; `PassOptions::prepared` gets a graph for each, that makes it of weights: its result has
/// the parameter's name.
///   before   param %w, %scale
///            %1 = mul(%w, %scale)
///            %2 = conv2d(%x, %1)
///   after    param %w, %scale, %w.prepared
///            %1 = conv2d(%x, %w.prepared)
///   prepared (param %w, %scale) { %1 = mul(%w, %scale), return %1 as "w.prepared" }
/// Needs:   `PassOptions::prepared`: somebody who computes it; nothing else is done without. Each operand
///          goes back to parameters, states, into which the graph stores nothing, and constants; one of
///          the former at least. What it gives is no result of the graph and no larger than what it is made
///          of, unless it is small: a broadcast is made in each run.
/// Order:   after remove_dead_nodes, so that nothing is prepared in vain; before fusions, which enter neither
///          of the two, and before layouts, which prepared values have as other parameters do.
/// Returns: true if the graph changed.
bool hoist_weights(Graph& graph, const PassOptions& options);

}  // namespace sinter
