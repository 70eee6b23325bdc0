#pragma once

#include "passes/slab_choice.h"
#include "passes/slab_regions.h"

namespace sinter {

/// The samples of a slab for a loop of these nodes: what the options ask for, or the most that fit the cache
/// and leave a slab for each lane. Where the batch is too small to give each lane a slab, what takes the
/// least time by the target's estimates (slab_estimate.h): slabs of 16, or an even share of the batch for 2,
/// 4 or 8 threads. Nothing where slabs are no gain, and why.
SlabChoice choose_slab_size(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
                            const PassOptions& options);

}  // namespace sinter
