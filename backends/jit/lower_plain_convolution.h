#pragma once

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"
#include "backends/jit/product_form.h"
#include "backends/jit/sweep.h"

namespace sinter::jit {

/// The kernel of a convolution or of its gradient by data, with elementwise ops and, forward, a pool behind
/// it, all values plain, one sample at a time: for batches with fewer samples than a vector has lanes, and
/// for convolutions in groups.
Kernel plain_convolution(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form,
                         PlaneProduct size);
/// Estimated time of its arithmetic and of what it copies.
double plain_convolution_seconds(const PlaneProduct& size);

}  // namespace sinter::jit
