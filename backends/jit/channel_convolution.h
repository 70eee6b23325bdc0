#pragma once

#include "backends/jit/instruction_set.h"
#include "backends/jit/lowering.h"
#include "backends/jit/product_form.h"
#include "backends/jit/sweep.h"
#include "passes/target.h"

namespace sinter::jit {

/// A convolution or its gradient by data, elementwise ops and, forward, a pool or a norm's statistics behind
/// it, with sixteen channels of the results in the lanes: for wide layers and few samples. x lies plain or
/// channel-blocked, the weights with the results' channels blocked, all else channel-blocked.
Lowered channel_convolution(const Graph& graph, const Node& node, const CpuTarget& cpu,
                            const ProductForm& form, PlaneProduct size);

/// The ways to run it so; none where a pool's windows share elements or leave the plane. `least_seconds` is
/// added to what arithmetic and copies are estimated to take.
std::vector<Implementation> channel_convolution_ways(const Node& node, const Graph& body,
                                                     const ProductForm& form, const PlaneProduct& size,
                                                     double least_seconds);

}  // namespace sinter::jit
