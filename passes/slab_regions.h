#pragma once

#include <cstdint>
#include <vector>

#include "passes/pass.h"

namespace sinter {

/// The nodes of a graph that can share loops over slabs of the batch: those that work sample by sample or sum
/// over samples. Loops run one after the other, each as soon as what it reads is there.
struct SlabRegions {
  int64_t samples = 0;        ///< in the batch: dimension 0 of the first input that has one; 0: there is none
  std::vector<bool> batched;  ///< by value: its dimension 0 is the batch
  std::vector<bool> inside;   ///< by node: part of a loop
  /// By node: its loop, or the first loop that has not run when an outside node can run.
  std::vector<int> level;
  int levels = 0;  ///< of all nodes: more than the highest

  /// Of one level, in order: those of its loop, or those that run before it.
  std::vector<NodeId> nodes_of(int level, bool inside) const;
};

/// Which sums over samples lanes accumulate.
enum class LaneSums : uint8_t {
  small,   ///< SlabOptions::accumulated_bytes at most
  frugal,  ///< larger ones too, where all lanes take no more memory than what they are made of
};

/// Says by remark where samples mix, so that a loop ends, and which sums are too large for lanes; nothing of
/// a batch that is one slab. InputError for slab options that make no sense. `samples`: of the batch, where
/// the graph's first input does not say it.
SlabRegions find_slab_regions(const Graph& graph, const PassOptions& options, int64_t samples = 0,
                              LaneSums sums = LaneSums::small);

}  // namespace sinter
