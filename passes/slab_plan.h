#pragma once

#include "passes/slab_regions.h"

namespace sinter {

/// Which nodes of a graph share loops over slabs, and how large the slabs are.
struct SlabPlan {
  SlabRegions regions;
  std::vector<std::optional<int64_t>> slabs;  ///< by level: samples of its loop's slabs; none: it has no loop

  bool has_loops() const;
};

/// Of a training step slabs whose values stay in cache (slab_size.h); where there are none, and of a forward
/// pass, which keeps nothing for a backward pass, those that save memory (frugal_slab.h), in which lanes
/// accumulate larger sums. Without a target, or where options.slabs.slab says how large slabs are, the first
/// for any graph. Says by remark what speaks against loops.
/// Errors: as find_slab_regions.
SlabPlan plan_slabs(const Graph& graph, const PassOptions& options);

/// Whether it stores what it computes, as a training step does its parameters.
bool is_step(const Graph& graph);

}  // namespace sinter
