#pragma once

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"
#include "backends/jit/weight_gradient_form.h"

namespace sinter::jit {

/// The kernel of a convolution's weight gradient with sixteen output channels in the lanes, for few samples.
/// x and dy lie plain or channel-blocked; the gradient plain or with its output channels blocked.
Kernel channel_weight_gradient(const Graph& graph, const Node& node, const CpuTarget& cpu,
                               const WeightGradientForm& form);

/// Estimated time where dy and the gradient are of these layouts.
double channel_weight_gradient_seconds(const Convolution& size, const Layout& dy, const Layout& dw);

}  // namespace sinter::jit
