#pragma once

#include "passes/pass.h"

namespace sinter {

/// Removes arithmetic and movement that change nothing, to the last bit.
///   before   %1 = mul(%x, %one)            const %one = 1
///            %2 = reshape(%1) {shape = [4, 2]}
///            %3 = reshape(%2) {shape = [8]}
///   after    %1 = reshape(%x) {shape = [8]}
/// Needs:   the type stays the same; identities hold for NaN, infinities and signed zeros too (x + 0 does
/// not: -0 + 0
///          is +0; x - x and x * 0 do not: NaN).
/// Order:   after fold_constants, before eliminate_common_subexpressions.
/// Returns: true if the graph changed.
bool simplify_algebra(Graph& graph, const PassOptions& options);

}  // namespace sinter
