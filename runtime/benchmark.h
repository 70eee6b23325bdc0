#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend_options.h"
#include "passes/pass.h"
#include "runtime/fallbacks.h"
#include "runtime/thread_pool.h"
#include "runtime/weights.h"

namespace sinter {

struct BenchmarkOptions {
  bool train = false;  ///< a step is one of training; else one forward pass
  int64_t repeat = 0;  ///< steps that are timed; 0: at least 10, and until 1.5 seconds are full
  uint64_t seed = 0;   ///< of the inputs
  std::string backend = "auto";
  PassOptions pass_options = {};  ///< symbols (the batch), and in training loss and update
  BackendOptions backend_options = {};
};

/// Over the steps that were timed.
struct StepTimes {
  int64_t count = 0;
  double median = 0;  ///< the mean of the middle two where the count is even
  double min = 0, max = 0;
};

struct BenchmarkResult {
  std::string backend;
  int64_t batch_size = 0;        ///< the first dimension of the model's first input; 1 where there is none
  StepTimes seconds = {};        ///< of a step
  double compile_seconds = 0;    ///< passes, kernels, and the session's memory
  int64_t activation_bytes = 0;  ///< Session::activation_bytes()
  std::vector<Fallback> fallbacks = {};  ///< Executable::fallbacks
};

/// Needs: at least one time.
StepTimes step_times(std::vector<double> times);

/// FLOPs of a step as the op table counts them (ir/cost.h), before anything is optimised: of the model's
/// nodes, and in training of its loss and of the gradient of every parameter as autodiff writes it, without
/// the update. What no result needs is not counted, such as the gradient of the model's inputs. Throws
/// InputError where the model or the options do not allow a step.
double step_flops(const Graph& model, const BenchmarkOptions& options);

/// A rate as a share of the machine's peak (runtime/peak.h), both in FLOP/s. None above 1, which is no
/// result: the peak was measured too low, or the steps did other work than that which was counted.
std::optional<double> peak_fraction(double flops_per_second, double peak_flops);

/// Compiles the model and times its steps, all on the same random inputs, after at least one step and 0.2
/// seconds that are not counted. Floating inputs lie in -1..1, integers are 0 or 1, labels are any class. A
/// step of training changes `weights`, at a learning rate of 0.001 in the mean over the batch.
/// Throws InputError as step_flops() and compile() do; Error where a result is not finite.
BenchmarkResult run_benchmark(const Graph& model, Weights weights, std::shared_ptr<ThreadPool> pool,
                              const BenchmarkOptions& options);

}  // namespace sinter
