#include "runtime/profile.h"

#include <chrono>

namespace sinter {
namespace {

int64_t now() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count();
}

class TimedKernel final : public Kernel {
 public:
  TimedKernel(std::unique_ptr<Kernel> kernel, NodeClock& clock) : kernel_(std::move(kernel)), clock_(clock) {}

  int64_t units() const noexcept override { return kernel_->units(); }
  int64_t workspace_bytes() const noexcept override { return kernel_->workspace_bytes(); }
  bool self_parallel() const noexcept override { return kernel_->self_parallel(); }
  bool run(void* const* buffers, void* workspace, int64_t begin, int64_t end) const noexcept override {
    if (!clock_.running()) return kernel_->run(buffers, workspace, begin, end);
    const int64_t start = now();
    const bool done = kernel_->run(buffers, workspace, begin, end);
    clock_.add(start, now());
    return done;
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  NodeClock& clock_;
};

double seconds(int64_t nanoseconds) { return 1e-9 * static_cast<double>(nanoseconds); }

}  // namespace

void NodeClock::add(int64_t begin, int64_t end) noexcept {
  busy_.fetch_add(end - begin, std::memory_order_relaxed);
  calls_.fetch_add(1, std::memory_order_relaxed);
  for (int64_t seen = first_.load(std::memory_order_relaxed); begin < seen;)
    if (first_.compare_exchange_weak(seen, begin, std::memory_order_relaxed)) break;
  for (int64_t seen = last_.load(std::memory_order_relaxed); end > seen;)
    if (last_.compare_exchange_weak(seen, end, std::memory_order_relaxed)) break;
}

ClockReading NodeClock::take() noexcept {
  const int64_t first = first_.exchange(never), last = last_.exchange(0);
  ClockReading reading{.busy = seconds(busy_.exchange(0)), .calls = calls_.exchange(0)};
  if (reading.calls > 0) reading.passed = seconds(last - first);
  return reading;
}

void run_clocks(Profile& profile, bool running) noexcept {
  for (NodeProfile& node : profile) {
    node.clock.run(running);
    run_clocks(node.body, running);
    run_clocks(node.remainder, running);
  }
}

void add_clocks(CompiledNode& node, NodeProfile& profile) {
  if (node.kernels.empty()) return;
  profile.backend = node.backend;
  profile.form = node.form;
  for (auto& kernel : node.kernels) kernel = std::make_unique<TimedKernel>(std::move(kernel), profile.clock);
}

}  // namespace sinter
