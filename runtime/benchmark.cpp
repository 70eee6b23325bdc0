#include "runtime/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ir/cost.h"
#include "ir/philox.h"
#include "passes/bind_symbols.h"
#include "passes/run_passes.h"
#include "runtime/non_finite.h"
#include "runtime/session.h"

namespace sinter {
namespace {

constexpr int64_t least_steps = 10;
constexpr double enough_seconds = 1.5;
constexpr double warm_up_seconds = 0.2;
// Small: thousands of steps on one batch are not to end in infinity, nor in denormal gradients.
constexpr double learning_rate = 1e-3;

template <typename F>
double seconds_of(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What the inputs that training adds to a model's own are to hold.
struct TrainingInputs {
  int64_t classes = 0;
  double lr = 0;
};

// Tensors keep elements of the half types without converting them: these are made of bits, of either sign and
// a magnitude in 0.5..1.
void fill_half(Tensor& tensor, Random& random) {
  const bool brain = tensor.dtype() == DType::bf16;
  auto* elements = static_cast<uint16_t*>(tensor.data());
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const uint32_t word = random.word();
    const uint32_t magnitude = brain ? 0x3F00 | (word & 0x7F) : 0x3800 | (word & 0x3FF);
    elements[i] = static_cast<uint16_t>((word >> 16 & 0x8000) | magnitude);
  }
}

Tensor random_input(const ValueInfo& input, uint64_t seed) {
  Tensor tensor(input.type.dtype, sizes(input.type.shape));
  Random random(seed, stream_id(input.name));
  if (!has_reference_arithmetic(tensor.dtype())) {
    fill_half(tensor, random);
    return tensor;
  }
  const bool floating = is_floating(tensor.dtype());
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const double uniform = random.uniform_double();
    // Integers may be indices: 0 and 1 are good for any two classes.
    tensor.set(i, floating ? 2 * uniform - 1 : std::floor(2 * uniform));
  }
  return tensor;
}

Tensor training_input(const ValueInfo& input, const TrainingInputs& values, uint64_t seed) {
  if (input.name == "lr") return Tensor::scalar(input.type.dtype, values.lr);
  if (input.name != "labels") return random_input(input, seed);
  Tensor labels(input.type.dtype, sizes(input.type.shape));
  Random random(seed, stream_id(input.name));
  for (int64_t i = 0; i < labels.count(); ++i)
    labels.set(i, static_cast<double>(random.uniform_int(static_cast<uint64_t>(values.classes))));
  return labels;
}

int64_t batch_size_of(const Graph& graph) {
  if (graph.inputs().empty() || graph.type(graph.inputs()[0]).shape.empty()) return 1;
  return graph.type(graph.inputs()[0]).shape[0].size;
}

TrainingInputs training_inputs(Graph model, const BenchmarkOptions& options) {
  if (!options.train) return {};
  bind_symbols(model, options.pass_options);
  const Shape& scores = model.type(model.results()[0].value).shape;
  const bool mean = options.pass_options.loss_reduction == "mean";
  const auto images = static_cast<double>(std::max<int64_t>(1, batch_size_of(model)));
  return {.classes = scores.size() == 2 ? scores[1].size : 0,
          .lr = mean ? learning_rate : learning_rate / images};
}

std::vector<Tensor> make_inputs(const Graph& model, const Graph& step, const BenchmarkOptions& options) {
  const TrainingInputs values = training_inputs(model, options);
  std::vector<Tensor> inputs;
  for (const ValueId id : step.inputs()) {
    const ValueInfo& input = step.info(id);
    inputs.push_back(model.find(input.name) ? random_input(input, options.seed)
                                            : training_input(input, values, options.seed));
  }
  return inputs;
}

// A program that computes nan may be quicker than it should, or slower.
void check_results(const Session& session, int64_t steps) {
  const Graph& graph = session.executable().graph;
  for (size_t i = 0; i < graph.results().size(); ++i) {
    const GraphResult& result = graph.results()[i];
    // Parameters stay in their own layout: asking for one as a result would make a copy of it.
    if (result.stored_in.valid() || !non_finite(session.result(i))) continue;
    fail(
        "result {} of \"{}\" is not finite after {} step{} on random inputs; what was timed is worth nothing",
        result.name.empty() ? std::to_string(i) : "\"" + result.name + "\"", graph.name, steps,
        steps == 1 ? "" : "s");
  }
}

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

// Gives how many steps it took; the first must already have results that are good.
int64_t warm_up(Session& session, std::span<const Tensor> inputs) {
  int64_t steps = 0;
  for (double total = 0; steps == 0 || total < warm_up_seconds;) {
    total += seconds_of([&] { session.run(inputs); });
    if (++steps == 1) check_results(session, steps);
  }
  return steps;
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
  const std::vector<Tensor> inputs = make_inputs(model, executable.graph, options);
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
