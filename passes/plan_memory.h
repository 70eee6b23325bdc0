#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"

namespace sinter {

/// Where a value's elements lie while the graph runs.
struct Place {
  enum class Kind : uint8_t {
    bound,  ///< an input, parameter, state or constant, or what the caller has a place for
    arena,  ///< at `offset` in the arena
  };
  Kind kind = Kind::bound;
  int64_t offset = 0;  ///< bytes, a multiple of 64
  ValueId owner =
      {};  ///< of bound: whose memory it is: its own, the parameter's it replaces, what it is a view of
};

/// A result that replaces a parameter or state but could not be computed in its memory: copied after the last
/// node.
struct StoreCopy {
  ValueId from;
  ValueId to;
};

struct MemoryPlan {
  std::vector<Place> places;  ///< by value
  int64_t arena_bytes = 0;
  std::vector<StoreCopy> copies;
  std::vector<int64_t> scratch;  ///< by node: offset in the arena of its scratch memory
};

/// By node: whether its result is its operand in its operand's memory, a reorder between layouts in which
/// every element lies at the same place (one channel, first or last). Nothing runs for it. Results that lie
/// `elsewhere`, in the caller's memory, are no views.
std::vector<bool> find_views(const Graph& graph, std::span<const ValueId> elsewhere = {});

/// Gives every value a place: values that are not needed at the same time share memory; ops that may work in
/// place (OpDef::in_place) do where their operand is not read again, and so do fusions that end in an
/// optimizer's update; new parameters lie in the memory of the
/// old ones where nothing reads those later; views lie in what they are views of, and keep it. Results of the
/// graph stay readable until the next run. `scratch_bytes`: what each node's kernels need while they run, by
/// node; empty: nothing. Needs: a graph without symbols. `elsewhere`: results of nodes whose memory the
/// caller has; their places are bound.
MemoryPlan plan_memory(const Graph& graph, std::span<const int64_t> scratch_bytes = {},
                       std::span<const ValueId> elsewhere = {});

}  // namespace sinter
