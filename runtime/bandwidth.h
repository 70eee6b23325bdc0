#pragma once

#include <map>
#include <memory>

#include "runtime/thread_pool.h"

namespace sinter {

/// How quickly a pool's threads move bytes between registers and memory, by how many bytes each of them goes
/// over: few stay in a core's caches, many come from memory.
/// Thread safety: belongs to one thread.
class Bandwidth {
 public:
  explicit Bandwidth(std::shared_ptr<ThreadPool> pool) : pool_(std::move(pool)) {}

  /// Bytes/s of all threads together, where each goes again and again over `bytes` of its own: the best of
  /// reading them, of changing them in place and of copying one half of them onto the other (read and written
  /// bytes both count), and the best of many short rounds. Measured once for each power of two from 16 KiB to
  /// 32 MiB; the one that lies below `bytes` answers, so that the caches are never made slower than they are.
  /// A new one takes some 15 ms, of large ones 150.
  double at(double bytes);

 private:
  std::shared_ptr<ThreadPool> pool_;
  std::map<int64_t, double> measured_;  ///< by bytes of a thread
};

}  // namespace sinter
