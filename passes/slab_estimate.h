#pragma once

#include <array>
#include <map>
#include <span>

#include "passes/slab_body.h"
#include "passes/slab_regions.h"

namespace sinter {

/// Numbers of threads that loops over slabs are weighed for. A plan must be the same for any number of
/// threads, so that its bits are, and the threads at hand do not count.
inline constexpr std::array<int, 3> weighed_threads = {1, 2, 4};

/// Expected seconds of the same work on so many threads.
using ThreadTimes = std::array<double, weighed_threads.size()>;

/// What to compare by: seconds on one thread, on two and on four together.
double total(const ThreadTimes& times);

/// As messages name them: "1.2, 0.6, 0.3 ms".
std::string in_milliseconds(const ThreadTimes& times);

/// What kernels a batch at once has.
enum class Kernels : uint8_t {
  brief,      ///< of values that stay in caches; threads share a part of their time, and waiting counts
  in_memory,  ///< so long that threads share all of it; values and weights too large for caches cost more
};

/// How long nodes that could share a loop are expected to take, by the target's estimates for a slab and for
/// what is left over, so that lanes of a vector that stay empty count; without a target as long as they have
/// samples. Of brief kernels, what slabs gain because their values stay in cache does not count.
class SlabEstimate {
 public:
  /// All must outlive it.
  SlabEstimate(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
               const Target* target, Kernels kernels = Kernels::brief)
      : graph_(graph), regions_(regions), nodes_(nodes), target_(target), kernels_(kernels) {}

  /// Slabs go to threads in order, each to the first that is free.
  ThreadTimes in_slabs(int64_t slab);
  /// The whole batch: each node is shared by all threads.
  ThreadTimes at_once();

 private:
  ThreadTimes evenly_at_once(double sharing);
  /// Of a slab, or of what is left over; of the whole batch where it is no smaller.
  double seconds_of(int64_t samples, int64_t slab);
  std::vector<bool> values_at_borders(const SlabBody& body, const Graph& plain) const;

  const Graph& graph_;
  const SlabRegions& regions_;
  const std::vector<NodeId>& nodes_;
  const Target* target_;
  Kernels kernels_;
  std::map<std::pair<int64_t, int64_t>, double> seconds_;  ///< by samples and slab
};

}  // namespace sinter
