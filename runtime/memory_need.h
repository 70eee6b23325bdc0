#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/executable.h"
#include "runtime/weights.h"

namespace sinter {

/// What a session takes, and its caller for the inputs, in bytes. Before there are kernels, the least of it.
struct MemoryNeed {
  int64_t values = 0;      ///< intermediate ones: the plan's arena
  int64_t workspaces = 0;  ///< of kernels, for all threads
  int64_t inputs = 0;      ///< of the graph: pictures and labels of a batch
  int64_t results = 0;     ///< and copies made on the way into parameters and states
  int64_t weights = 0;     ///< parameters and states, in layouts that `weights` has no copy of yet
  int threads = 0;         ///< 0: kernels and weights are not counted yet

  int64_t total() const { return values + workspaces + inputs + results + weights; }
};

/// A plan up to this size is not held against what is available: what a system says of small amounts, its
/// caches among them, is too rough.
inline constexpr int64_t large_plan_bytes = 1 << 28;

/// Of the values alone, with places for them.
MemoryNeed memory_need(const Graph& graph, const MemoryPlan& plan);
MemoryNeed memory_need(const Executable& executable, int threads, const Weights& weights);

/// Throws Error with the need's figures where it is more than what is available, less a margin. The system
/// would grant it, and end the process once it is used. `available` in bytes; none: nobody knows.
void check_memory(std::string_view graph, const MemoryNeed& need, std::optional<int64_t> available);

/// As check_memory, for a graph that is ready to be compiled: kernels for sizes that no machine holds need
/// not be made.
void check_values(const Graph& graph, std::optional<int64_t> available);

/// Throws that Error, with the reason.
[[noreturn]] void refuse_plan(std::string_view graph, const MemoryNeed& need, std::string_view why);

}  // namespace sinter
