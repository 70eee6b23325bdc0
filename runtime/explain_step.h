#pragma once

#include <optional>
#include <string>
#include <vector>

#include "passes/pass.h"
#include "runtime/benchmark.h"
#include "runtime/fallbacks.h"

namespace sinter {

/// What cuts the batch for the kernels of a slab_loop.
struct SlabSizes {
  int64_t slabs, slab, lanes;
};

/// The least time in which a machine could do some work: all arithmetic at its peak (runtime/peak.h) while
/// all bytes move at the best rate for so few (runtime/bandwidth.h).
struct WorkLimit {
  double seconds = 0;
  bool by_bytes = false;  ///< moving them takes longer than the arithmetic
};

/// A node of the schedule: a kernel, or a slab_loop, whose kernels follow it. Amounts and times are those of
/// a whole step.
struct KernelReport {
  std::string ops = {};                  ///< "conv2d + relu"
  std::string form = {};                 ///< which way its backend goes, where it has several for these ops
  std::string source = {};               ///< the layer it came from
  std::string backend = {};              ///< that runs it; empty: nothing runs, its result is its operand
  std::vector<std::string> reads = {};   ///< layouts of operands; one that is left out has none
  std::vector<std::string> writes = {};  ///< of results

  std::optional<SlabSizes> slabs = {};  ///< of a slab_loop: all amounts but its time are those of its kernels
  std::optional<size_t> loop = {};      ///< the place in the report of the slab_loop that it is in

  double flops = 0;  ///< as the op table counts them (ir/cost.h)
  double least_flops =
      0;             ///< that must be done: not those with padding, fewer by Winograd's and sparse kernels
  double bytes = 0;  ///< at least, as the op table counts them
  double bytes_at_once = 0;  ///< of them those that a thread touches in one call
  /// Seconds, as the backend that runs it expects of cores with this peak, shared over the threads; none: it
  /// does not say.
  std::optional<double> predicted = {};
  int vector_width = 0;   ///< f32 elements of the widest vectors that its backend uses; 0: nothing runs
  double peak_flops = 0;  ///< FLOP/s of all threads with these
  WorkLimit limit = {};
  StepTimes seconds = {};            ///< measured; no count: nothing runs
  std::vector<size_t> remarks = {};  ///< of the report's, those of its ops
};

/// A step taken apart.
struct StepReport {
  std::string backend = {};  ///< the one asked for
  int64_t batch_size = 1;
  int threads = 1;
  double peak_flops = 0;                   ///< FLOP/s of all threads, the most that a kernel has
  std::vector<KernelReport> kernels = {};  ///< in the order in which they run
  KernelReport total = {};                 ///< sums over the kernels, without slab_loops
  StepTimes step = {};                     ///< the whole step, undisturbed by clocks
  std::vector<Remark> remarks = {};        ///< of passes: what they left alone
  std::vector<Fallback> fallbacks = {};
};

/// The limit's share of a measured time. None above 1, which is no result but an error of measurement.
std::optional<double> roofline_share(double limit_seconds, double measured_seconds);

/// Of the report's remarks those that belong to no kernel: about a region, or ops that are no more.
std::vector<size_t> remarks_of_no_kernel(const StepReport& report);

/// Compiles a model's step with clocks and measures it, kernel by kernel and as a whole, in turn: each
/// `options.repeat` times, or at least 5 times and until 1.5 seconds are full. A kernel's time is that from
/// its first thread's start to its last one's end; in a slab_loop the time that all threads spend in it, over
/// their number. Throws as run_benchmark() does.
StepReport explain_step(const Graph& model, Weights weights, std::shared_ptr<ThreadPool> pool,
                        const BenchmarkOptions& options);

}  // namespace sinter
