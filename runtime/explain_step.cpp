#include "runtime/explain_step.h"

#include <algorithm>
#include <map>

#include "runtime/bandwidth.h"
#include "runtime/describe_kernels.h"
#include "runtime/peak.h"
#include "runtime/step_inputs.h"
#include "runtime/step_runs.h"

namespace sinter {
namespace {

constexpr size_t least_steps = 5;
constexpr double enough_seconds = 1.5;
constexpr double seconds_between_peaks = 0.2;

// A kernel's time in the last step. In a loop several threads are in different kernels at once: what passed
// says nothing there.
double take_seconds(const DescribedKernel& kernel, int threads) {
  double busy = 0, passed = 0;
  for (NodeClock* clock : kernel.clocks) {
    const ClockReading reading = clock->take();
    busy += reading.busy;
    passed += reading.passed;
  }
  return kernel.report.loop ? busy / threads : passed;
}

/// By the width of vectors, each measured when it is first asked for.
class Peaks {
 public:
  explicit Peaks(ThreadPool& pool) : pool_(pool) {}

  double at(int vector_width) {
    const auto [found, is_new] = peaks_.try_emplace(vector_width);
    if (is_new) found->second = measure_peak_flops(pool_, vector_width);
    return found->second;
  }
  /// Another time may be less disturbed, and clocks go up and down.
  void measure_again() {
    for (auto& [width, peak] : peaks_) peak = std::max(peak, measure_peak_flops(pool_, width));
  }

 private:
  ThreadPool& pool_;
  std::map<int, double> peaks_;
};

// Steps with clocks and without, in turn, so that what disturbs a machine disturbs both. The peaks are
// measured on the way: a processor's clock differs by some percent from second to second.
class StepTimer {
 public:
  StepTimer(Session& session, std::vector<DescribedKernel>& kernels, int threads, Peaks& peaks)
      : session_(session),
        kernels_(kernels),
        threads_(threads),
        peaks_(peaks),
        kernel_times_(kernels.size()) {}

  /// Gives the number of steps.
  int64_t run(std::span<const Tensor> inputs, int64_t repeat) {
    const auto enough = [&] {
      const size_t count = step_times_.size();
      return repeat > 0 ? count >= static_cast<size_t>(repeat)
                        : count >= least_steps && total_ >= enough_seconds;
    };
    while (!enough()) {
      timed_step(inputs);
      step_times_.push_back(seconds_of([&] { session_.run(inputs); }));
      total_ += step_times_.back();
      if (total_ < peaks_due_) continue;
      peaks_.measure_again();
      peaks_due_ = total_ + seconds_between_peaks;
    }
    for (size_t i = 0; i < kernels_.size(); ++i)
      if (!kernel_times_[i].empty()) kernels_[i].report.seconds = step_times(std::move(kernel_times_[i]));
    return 2 * static_cast<int64_t>(step_times_.size());
  }

  StepTimes whole() const { return step_times(step_times_); }

 private:
  void timed_step(std::span<const Tensor> inputs) {
    Profile& profile = *session_.executable().profile;
    run_clocks(profile, true);
    total_ += seconds_of([&] { session_.run(inputs); });
    run_clocks(profile, false);
    for (size_t i = 0; i < kernels_.size(); ++i) {
      const KernelReport& report = kernels_[i].report;
      const double seconds = take_seconds(kernels_[i], threads_);
      if (report.slabs || !report.backend.empty()) kernel_times_[i].push_back(seconds);
    }
  }

  Session& session_;
  std::vector<DescribedKernel>& kernels_;
  int threads_;
  Peaks& peaks_;
  std::vector<std::vector<double>> kernel_times_;
  std::vector<double> step_times_;
  double total_ = 0, peaks_due_ = seconds_between_peaks;
};

WorkLimit limit_of(const KernelReport& kernel, Bandwidth& bandwidth) {
  if (kernel.vector_width == 0) return {};
  const double arithmetic = kernel.least_flops / kernel.peak_flops;
  const double moving = kernel.bytes > 0 ? kernel.bytes / bandwidth.at(kernel.bytes_at_once) : 0;
  return {.seconds = std::max(arithmetic, moving), .by_bytes = moving > arithmetic};
}

// Amounts, limits and predictions; a sum of predictions is one where all are known.
void add_work(KernelReport& sum, const KernelReport& kernel) {
  sum.flops += kernel.flops;
  sum.least_flops += kernel.least_flops;
  sum.bytes += kernel.bytes;
  sum.limit.seconds += kernel.limit.seconds;
  if (!kernel.backend.empty())
    sum.predicted =
        sum.predicted && kernel.predicted ? std::optional(*sum.predicted + *kernel.predicted) : std::nullopt;
}

void add_times(StepTimes& sum, const StepTimes& times) {
  sum.count = std::max(sum.count, times.count);
  sum.min += times.min;
  sum.median += times.median;
  sum.max += times.max;
}

// How much longer a loop takes than its kernels' share of it, where its lanes do not go round the threads.
double uneven_lanes(const KernelReport& loop, int threads) {
  return working_threads(threads) * share_of_threads(loop.slabs->lanes, threads);
}

void add_up(StepReport& report) {
  report.total.ops = "total";
  report.total.predicted = 0;
  for (KernelReport& kernel : report.kernels)
    if (kernel.slabs) kernel.predicted = 0;
  for (const KernelReport& kernel : report.kernels) {
    if (kernel.slabs) continue;
    add_work(report.total, kernel);
    add_times(report.total.seconds, kernel.seconds);
    if (kernel.loop) add_work(report.kernels[*kernel.loop], kernel);
  }
  for (KernelReport& kernel : report.kernels)
    if (kernel.slabs && kernel.predicted) *kernel.predicted *= uneven_lanes(kernel, report.threads);
}

}  // namespace

std::optional<double> roofline_share(double limit_seconds, double measured_seconds) {
  return limit_seconds <= measured_seconds ? std::optional(limit_seconds / measured_seconds) : std::nullopt;
}

std::vector<size_t> remarks_of_no_kernel(const StepReport& report) {
  std::vector<size_t> found;
  for (size_t i = 0; i < report.remarks.size(); ++i)
    if (std::ranges::none_of(report.kernels, [&](const KernelReport& kernel) {
          return std::ranges::count(kernel.remarks, i) > 0;
        }))
      found.push_back(i);
  return found;
}

StepReport explain_step(const Graph& model, Weights weights, std::shared_ptr<ThreadPool> pool,
                        const BenchmarkOptions& options) {
  const auto executable = compile(model, {.backend = options.backend,
                                          .passes = options.train ? training_passes() : inference_passes(),
                                          .pass_options = options.pass_options,
                                          .backend_options = options.backend_options,
                                          .profile = true});
  const auto backend = find_backend(options.backend, options.backend_options);
  Peaks peaks(*pool);
  auto kernels =
      describe_kernels(*executable, *backend, pool->threads(), [&](int width) { return peaks.at(width); });
  Session session(executable, pool, std::move(weights));
  const std::vector<Tensor> inputs = step_inputs(model, executable->graph, options);
  const int64_t warm_up_steps = warm_up(session, inputs);
  StepTimer timer(session, kernels, working_threads(pool->threads()), peaks);
  check_results(session, warm_up_steps + timer.run(inputs, options.repeat));
  peaks.measure_again();
  StepReport report{.backend = executable->backend,
                    .batch_size = batch_size_of(executable->graph),
                    .threads = pool->threads(),
                    .step = timer.whole(),
                    .remarks = executable->remarks,
                    .fallbacks = executable->fallbacks};
  Bandwidth bandwidth(pool);
  for (DescribedKernel& kernel : kernels) {
    if (kernel.report.vector_width > 0) kernel.report.peak_flops = peaks.at(kernel.report.vector_width);
    report.peak_flops = std::max(report.peak_flops, kernel.report.peak_flops);
    kernel.report.limit = limit_of(kernel.report, bandwidth);
    report.kernels.push_back(std::move(kernel.report));
  }
  add_up(report);
  return report;
}

}  // namespace sinter
