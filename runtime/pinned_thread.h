#pragma once

#include <sched.h>

namespace sinter {

/// Keeps one of several threads on a core of its own, as long as it lives, where the system allows it. Left
/// to itself a scheduler has been seen to keep two threads on one core for all of a measurement, a neighbour
/// being on the other.
class PinnedThread {
 public:
  PinnedThread(int thread, int threads);
  ~PinnedThread();
  PinnedThread(const PinnedThread&) = delete;
  PinnedThread& operator=(const PinnedThread&) = delete;

 private:
  cpu_set_t allowed_;
  bool pinned_ = false;
};

}  // namespace sinter
