#pragma once

#include <span>
#include <vector>

#include "backends/backend.h"
#include "passes/plan_memory.h"
#include "runtime/profile.h"

namespace sinter {

/// A graph's nodes made ready to run, and a place for every value.
struct CompiledGraph {
  std::vector<CompiledNode> nodes;  ///< one for each of the graph's, in order
  MemoryPlan plan;
  int64_t workspace_bytes = 0;  ///< the most any kernel needs on a thread; a multiple of 64

  /// Where the workspace of each place in a loop begins (ThreadPool::parallel_for), and last where the last
  /// one ends, for so many threads. A place has what the kernels need that have a unit for it.
  std::vector<int64_t> workspace_offsets(int threads) const;
};

/// Compiles every node by `backend`, loops over slabs with the bodies in them, and plans the memory of the
/// values but for those that lie `elsewhere`. Into `profile`, which is empty, goes a clock for each node that
/// the kernels run; without it they have none. Throws Error as Backend::compile does.
CompiledGraph compile_nodes(const Graph& graph, const Backend& backend,
                            std::span<const ValueId> elsewhere = {}, Profile* profile = nullptr);

}  // namespace sinter
