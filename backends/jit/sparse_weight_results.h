#pragma once

#include "backends/jit/body_kernel.h"
#include "backends/jit/sparse_weight_tiles.h"

namespace sinter::jit {

/// What all kernels of a gradient by weights behind a max pool know.
struct SparseWeights {
  SparseWeights(const Graph& graph, const Node& node);

  ValueId x() const { return kernel.body().node(form.product).operands[0]; }
  int64_t scratch_elements() const { return cut.groups * (sums.group_elements() + bias_elements()); }
  int64_t bias_elements() const { return cut.o_tiles * cut.channels(size) * vector_size; }

  /// Of a tile, those that are there.
  void over_channels(const Index& o_tile, const KernelBuilder::Body& body);
  void over_planes(const Index& plane_tile, const KernelBuilder::Body& body);

  BodyKernel kernel;
  SparseForm form;
  Convolution size;
  WeightLanes lanes;
  WeightCut cut;
  WeightTiles sums;
};

/// Sums of a tile, of all groups.
struct TileSums {
  BufferId weights, bias;
  Index first, first_bias;  ///< of the first group
};
/// Those of several groups, for the kernel that adds them up.
TileSums sums_in_scratch(SparseWeights& own);

/// Stores the results of an output channel: the sums of its groups, added up in their order.
class ResultWriter {
 public:
  ResultWriter(SparseWeights& own, const TileSums& sums, const Index& o_tile, const Index& plane_tile);
  void write(const Index& o);

 private:
  Expr added(BufferId buffer, const Index& first, int64_t group_elements, bool vector) const;
  Expr weights(const Index& at, bool vector) const;
  void store_channels(const Index& row, const Index& o);
  void store_elements(const Index& row, const Index& o);

  SparseWeights& own_;
  KernelBuilder& k_;
  const Convolution& size_;
  TileSums sums_;
  Index o_tile_, plane_tile_;
  BufferId dw_;
};

}  // namespace sinter::jit
