#pragma once

#include "passes/slab_regions.h"

namespace sinter {

/// The nodes of one loop as a graph for a number of samples.
struct SlabBody {
  Graph graph;
  std::vector<NodeId> nodes;      ///< of `graph`: what became of the nodes extracted, in their order
  std::vector<ValueId> operands;  ///< what its inputs stand for in the graph they come from
  std::vector<ValueId> results;   ///< and its results
  std::vector<bool> summed;       ///< by result
  std::vector<double> scale;      ///< by result: of the sum over all slabs
};

/// Extracts `nodes`, which stand in the graph's order. Scalar constants come along; other values that the
/// nodes read become inputs; those read by others become results.
SlabBody make_slab_body(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
                        int64_t slab);

/// Whether slabs of what the loop of this body reads and gives back are runs of memory.
bool can_cut(const Graph& graph, const SlabRegions& regions, const SlabBody& body, int64_t slab);

/// A body with plain values only, and so without reorders.
Graph without_layouts(const Graph& body);

}  // namespace sinter
