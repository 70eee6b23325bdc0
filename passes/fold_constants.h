#pragma once

#include "passes/pass.h"

namespace sinter {

/// Computes what depends on constants only, with the op table's evaluate.
///   before   const %1: f32[] = 2
///            %2 = exp(%1)
///   after    const %1: f32[] = 7.389056
/// Needs:   all operands are constants of types with reference arithmetic (not bf16 and f16), and the results
/// are not
///          larger than 64 KiB or than the operands together: a broadcast scalar stays a scalar.
/// Order:   first, so that other passes see plain constants.
/// Returns: true if the graph changed.
bool fold_constants(Graph& graph, const PassOptions& options);

}  // namespace sinter
