#pragma once

#include "passes/pass.h"

namespace sinter {

/// Puts numbers in the place of symbols and infers all types anew.
///   before   %x: f32[N, 10]
///   after    %x: f32[256, 10]              with symbols {N = 256}
/// Needs:   every symbol in the options; others stay.
/// Order:   before autodiff, whose gradients need sizes.
/// Returns: true if the graph changed.
bool bind_symbols(Graph& graph, const PassOptions& options);

/// The symbols that are the first dimension of an input.
std::vector<std::string> batch_symbols(const Graph& model);

}  // namespace sinter
