#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace sinter {

/// The cores that this process may run on.
int usable_cores();

/// Threads that share loops. Idle threads spin for a moment and then sleep: machines are shared.
/// Thread safety: any thread may call parallel_for; while one call has the threads, others run alone.
class ThreadPool {
 public:
  /// `threads` counts the caller: 1 starts none. At least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(place, begin, end) on disjoint ranges that cover [0, units) and returns when all are done.
  /// Each thread that takes part has one place, 0 <= place < threads() and < units. Allocates nothing. The
  /// first exception of a body is thrown here, after the others have ended.
  template <typename F>
  void parallel_for(int64_t units, F&& body) {
    using Body = std::remove_reference_t<F>;
    run(
        units,
        [](void* f, int place, int64_t begin, int64_t end) { (*static_cast<Body*>(f))(place, begin, end); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  using Function = void (*)(void* context, int place, int64_t begin, int64_t end);

  void run(int64_t units, Function function, void* context);
  void work(int thread);
  void take_chunks(int thread);

  // The loop being run; written only while no worker is inside.
  Function function_ = nullptr;
  void* context_ = nullptr;
  int64_t units_ = 0, chunk_ = 0;
  std::exception_ptr error_;
  std::mutex error_mutex_;

  std::mutex busy_;                      ///< held by the call that has the workers
  std::atomic<int64_t> next_{0};         ///< first unit not taken yet
  std::atomic<uint32_t> generation_{0};  ///< counts loops; workers sleep on it
  std::atomic<bool> open_{false};        ///< workers may enter the loop
  std::atomic<int32_t> inside_{0};       ///< workers in the loop
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace sinter
