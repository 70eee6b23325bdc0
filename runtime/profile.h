#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string_view>

#include "backends/backend.h"

namespace sinter {

/// What a clock has counted, in seconds.
struct ClockReading {
  double busy = 0;    ///< of all threads together
  double passed = 0;  ///< from the first thread's start to the last one's end
  int64_t calls = 0;  ///< of kernels
};

/// Counts the time that threads spend in a node's kernels. Stands still until it is started.
/// Thread safety: any thread may add; start, stop and take only while none does.
class NodeClock {
 public:
  bool running() const noexcept { return running_.load(std::memory_order_relaxed); }
  void run(bool running) noexcept { running_.store(running, std::memory_order_relaxed); }
  /// One call of a kernel; times of the steady clock in nanoseconds.
  void add(int64_t begin, int64_t end) noexcept;
  /// What was counted since the last take().
  ClockReading take() noexcept;

 private:
  static constexpr int64_t never = std::numeric_limits<int64_t>::max();

  alignas(64) std::atomic<int64_t> busy_{0};  // clocks of neighbours are not to share a cache line
  std::atomic<int64_t> calls_{0}, first_{never}, last_{0};
  std::atomic<bool> running_{false};
};

struct NodeProfile;

/// One for each node of a graph, in order.
using Profile = std::deque<NodeProfile>;

/// A node of an executable that was compiled to be profiled (CompileOptions::profile).
struct NodeProfile {
  std::string_view backend;  ///< that compiled it; empty: nothing runs for it, a view
  std::string_view form;     ///< CompiledNode::form
  bool in_place = false;     ///< its first result lies in an operand's memory
  NodeClock clock;
  Profile body, remainder;  ///< of a slab_loop: a node's times over all slabs of the last steps
};

/// Starts or stops all clocks, those of bodies too.
void run_clocks(Profile& profile, bool running) noexcept;

/// Puts a clock around each of a node's kernels. Needs: `profile` outlives them.
void add_clocks(CompiledNode& node, NodeProfile& profile);

}  // namespace sinter
