#include "runtime/benchmark.h"

#include <algorithm>

#include "ir/cost.h"
#include "passes/run_passes.h"
#include "runtime/step_inputs.h"
#include "runtime/step_runs.h"

namespace sinter {
namespace {

constexpr int64_t least_steps = 10;
constexpr double enough_seconds = 1.5;

// The seconds of each step, until there are `repeat`, or by time where that is 0.
std::vector<double> time_steps(Session& session, std::span<const Tensor> inputs, int64_t repeat) {
  std::vector<double> times;
  double total = 0;
  const auto enough = [&] {
    const auto count = static_cast<int64_t>(times.size());
    return repeat > 0 ? count >= repeat : count >= least_steps && total >= enough_seconds;
  };
  while (!enough()) {
    times.push_back(seconds_of([&] { session.run(inputs); }));
    total += times.back();
  }
  return times;
}

}  // namespace

StepTimes step_times(std::vector<double> times) {
  require(!times.empty(), "statistics of at least one step");
  std::ranges::sort(times);
  const size_t middle = times.size() / 2;
  const bool even = times.size() % 2 == 0;
  return {.count = static_cast<int64_t>(times.size()),
          .median = even ? (times[middle - 1] + times[middle]) / 2 : times[middle],
          .min = times.front(),
          .max = times.back()};
}

double step_flops(const Graph& model, const BenchmarkOptions& options) {
  std::vector<std::string> passes = {"bind_symbols", "remove_dead_nodes"};
  if (options.train) {
    if (model.parameters().empty())
      fail_input("model \"{}\" has no parameters; there is nothing to train", model.name);
    passes.insert(passes.begin() + 1, {"append_loss", "autodiff"});
  }
  Graph graph = model;
  run_passes(graph, passes, options.pass_options);
  double flops = 0;
  for (const Node& node : graph.nodes()) flops += cost(graph, node).flops;
  if (options.train) run_passes(graph, {"append_update"}, options.pass_options);  // may refuse the options
  return flops;
}

std::optional<double> peak_fraction(double flops_per_second, double peak_flops) {
  const double fraction = flops_per_second / peak_flops;
  return fraction <= 1 ? std::optional(fraction) : std::nullopt;
}

BenchmarkResult run_benchmark(const Graph& model, Weights weights, std::shared_ptr<ThreadPool> pool,
                              const BenchmarkOptions& options) {
  std::optional<Session> session;
  const double compile_seconds = seconds_of([&] {
    const auto executable = compile(model, {.backend = options.backend,
                                            .passes = options.train ? training_passes() : inference_passes(),
                                            .pass_options = options.pass_options,
                                            .backend_options = options.backend_options});
    session.emplace(executable, std::move(pool), std::move(weights));
  });
  const Executable& executable = session->executable();
  const std::vector<Tensor> inputs = step_inputs(model, executable.graph, options);
  const int64_t warm_up_steps = warm_up(*session, inputs);
  const StepTimes times = step_times(time_steps(*session, inputs, options.repeat));
  check_results(*session, warm_up_steps + times.count);
  return {.backend = executable.backend,
          .batch_size = batch_size_of(executable.graph),
          .seconds = times,
          .compile_seconds = compile_seconds,
          .activation_bytes = session->activation_bytes(),
          .fallbacks = executable.fallbacks};
}

}  // namespace sinter
