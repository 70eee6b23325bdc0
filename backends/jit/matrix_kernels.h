#pragma once

#include "backends/jit/body.h"
#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"
#include "backends/jit/matrix_product.h"

/// The two kernels of matrix products.
namespace sinter::jit {

/// Vectors of columns in a panel that a unit packs.
constexpr int64_t max_panel_vectors = 4;
/// What such a panel may take: a part of the L2 cache.
constexpr int64_t largest_panel_bytes = 192 << 10;

/// Lanes are samples: the rows of a and of the results, batch-blocked; b is read element by element.
Kernel product_by_samples(const Graph& graph, const Node& node, const CpuTarget& cpu);

/// Lanes are columns of b and of the results; a is read element by element. Where a or b are batch-blocked,
/// their samples are the depth; b is packed then, and where its rows lie far apart.
Kernel product_by_columns(const Graph& graph, const Node& node, const CpuTarget& cpu);

}  // namespace sinter::jit
