#pragma once

#include "passes/pass.h"

namespace sinter {

/// Computes once what is computed twice.
///   before   %1 = exp(%x)
///            %2 = exp(%x)
///            %3 = add(%1, %2)
///   after    %1 = exp(%x)
///            %2 = add(%1, %1)
/// Needs:   same op, operands and attributes. Equal constants become one first.
/// Order:   after simplify_algebra, which makes different spellings equal.
/// Returns: true if the graph changed.
bool eliminate_common_subexpressions(Graph& graph, const PassOptions& options);

}  // namespace sinter
