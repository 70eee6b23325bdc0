#pragma once

#include "backends/jit/convolution.h"
#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"
#include "backends/jit/product_form.h"

namespace sinter::jit {

/// Whether a convolution has a kernel for plain values, one sample at a time: for batches with fewer samples
/// than a vector has lanes.
bool fits_plain_convolution(const Convolution& size);
/// Multiply-adds of whole vectors that it takes.
double plain_convolution_vectors(const Convolution& size);
/// The kernel of a convolution, elementwise ops and a pool behind it, all values plain.
Kernel plain_convolution(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form);

}  // namespace sinter::jit
