#pragma once

#include <optional>

#include "backends/jit/convolution.h"
#include "backends/jit/instruction_set.h"
#include "backends/jit/lowering.h"
#include "backends/jit/product_form.h"

namespace sinter::jit {

/// What a kernel in batch lanes sums up: a convolution, or a gradient by data as the convolution of dy that
/// it is, with the kernel's elements in reverse and the channels' roles exchanged.
struct BatchProduct {
  Convolution size;
  bool by_data = false;
};

/// A gradient by data as such a convolution, where that is the better way: without a stride, and where what a
/// row reads of dy does not stay near the core (DataSums reads it again for every few channels).
std::optional<BatchProduct> far_backward_data(const Convolution& size);

/// The kernel of a convolution or of its gradient by data, elementwise ops and, forward, a pool or a norm's
/// statistics behind it, with sixteen samples in the lanes.
Lowered batch_convolution(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form,
                          const BatchProduct& product);

}  // namespace sinter::jit
