#pragma once

#include "passes/slab_choice.h"
#include "passes/slab_regions.h"

namespace sinter {

/// The samples of a slab for a loop of these nodes that is made for the memory it saves, though a slab's
/// values take more than a cache: of powers of two that leave a slab for each lane, the one of least memory,
/// a mean over 1, 2 and 4 threads, that the target expects to be about as quick as the batch at once. Nothing
/// where the batch takes little memory at once, where slabs save less than a tenth of it, or where none is
/// quick enough: which of the last two it is is said.
/// Needs: options.target.
SlabChoice find_frugal_slab(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
                            const PassOptions& options);

}  // namespace sinter
