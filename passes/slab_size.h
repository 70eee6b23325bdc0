#pragma once

#include "passes/slab_regions.h"

namespace sinter {

/// The samples of a slab for a loop of these nodes: the most that fit the cache and leave a slab for each
/// lane, or what the options ask for. Nothing where slabs are no gain; a remark says why.
std::optional<int64_t> choose_slab_size(const Graph& graph, const SlabRegions& regions,
                                        const std::vector<NodeId>& nodes, const PassOptions& options);

}  // namespace sinter
