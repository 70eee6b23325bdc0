#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace sinter {

/// A slab_loop taken apart: what inference, the interpreter and the runtime go by. The batch is cut into
/// slabs of `slab` samples; what is left over is the last slab, whose body is `remainder`. Slabs are dealt to
/// lanes in runs, so that what a lane adds up, and in which order, does not depend on threads.
///
/// Operands whose body input has the same shape are shared by all slabs; of the others a slab has a slice,
/// `slab` indices of dimension 0. Results are joined along dimension 0, or, where listed in `accumulated`,
/// added up by each lane over its slabs: the loop's result has one such sum for each lane.
struct SlabLoop {
  const Graph* body;
  const Graph* remainder;  ///< null: the batch is whole slabs
  int64_t slab;            ///< samples in a slab
  int64_t lanes;
  int64_t samples;                ///< in the batch
  std::vector<bool> sliced;       ///< by operand
  std::vector<bool> accumulated;  ///< by result

  /// Reads a node that infer_types() has let pass.
  SlabLoop(const Attributes& attributes, std::span<const std::optional<Type>> operands);

  int64_t slabs() const { return (samples + slab - 1) / slab; }
  int64_t first_slab(int64_t lane) const { return lane * slabs() / lanes; }
  bool is_remainder(int64_t index) const { return (index + 1) * slab > samples; }
  const Graph& body_of(int64_t index) const { return is_remainder(index) ? *remainder : *body; }
};

/// Types of a node's operands in a graph, as SlabLoop and infer_types() want them.
std::vector<std::optional<Type>> operand_types(const Graph& graph, const Node& node);

/// sum[i] += part[i]; integers wrap around. Neither allocates nor throws.
void add_elements(DType dtype, int64_t count, const void* part, void* sum) noexcept;

}  // namespace sinter
