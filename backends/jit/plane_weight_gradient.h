#pragma once

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"
#include "backends/jit/weight_gradient_form.h"

namespace sinter::jit {

/// The kernel of a convolution's weight gradient, and of its bias's, with neighbouring pixels in the lanes,
/// all values plain: for convolutions in groups, few of whose weights read the same dy.
Kernel plane_weight_gradient(const Graph& graph, const Node& node, const CpuTarget& cpu,
                             const WeightGradientForm& form);
/// Estimated time.
double plane_weight_gradient_seconds(const Convolution& size);

}  // namespace sinter::jit
