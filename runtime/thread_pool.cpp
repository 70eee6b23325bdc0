#include "runtime/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "ir/error.h"

namespace sinter {
namespace {

// Long enough to bridge the gap between two kernels of a step, a few tens of microseconds, and short enough
// not to take a core from a neighbour.
constexpr int spins = 4000;
// Chunks a thread takes on average: enough to even out threads that are slowed down.
constexpr int64_t chunks_per_thread = 4;

inline void pause() { __builtin_ia32_pause(); }

// Waits until `value` is no longer `old`: a short spin, then sleep.
template <typename T>
void wait_while(const std::atomic<T>& value, T old) {
  for (int i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

int usable_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

ThreadPool::ThreadPool(int threads) {
  require(threads >= 1, "a pool has at least the caller's thread");
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  ++generation_;
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(int64_t units, Function function, void* context) {
  if (units <= 0) return;
  std::unique_lock lock(busy_, std::defer_lock);
  if (units == 1 || workers_.empty() || !lock.try_lock()) return function(context, 0, 0, units);
  function_ = function;
  context_ = context;
  units_ = units;
  chunk_ = std::max<int64_t>(1, units / (threads() * chunks_per_thread));
  next_ = 0;
  open_ = true;
  ++generation_;
  generation_.notify_all();
  take_chunks(0);
  // Late workers find the loop closed. A worker that saw it open is counted inside: both sides are
  // sequentially consistent, so one of them sees the other.
  open_ = false;
  for (int32_t inside = inside_.load(); inside != 0; inside = inside_.load()) wait_while(inside_, inside);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ThreadPool::take_chunks(int thread) {
  // With more threads than units a chunk is one unit, and a thread's place its first one; else each has its
  // own always, whose memory is in its cache.
  int place = threads() <= units_ ? thread : -1;
  try {
    for (;;) {
      const int64_t begin = next_.fetch_add(chunk_);
      if (begin >= units_) return;
      if (place < 0) place = static_cast<int>(begin);
      function_(context_, place, begin, std::min(units_, begin + chunk_));
    }
  } catch (...) {
    next_ = units_;  // nobody takes more
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::current_exception();
  }
}

void ThreadPool::work(int thread) {
  for (uint32_t seen = 0;;) {
    wait_while(generation_, seen);
    seen = generation_.load();
    if (stop_) return;
    ++inside_;
    if (open_) take_chunks(thread);
    if (--inside_ == 0) inside_.notify_one();
  }
}

}  // namespace sinter
