#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/benchmark_cases.h"
#include "cli/commands.h"
#include "cli/optimizer_options.h"
#include "cli/pass_run_options.h"
#include "cli/standard_output.h"
#include "cli/table.h"
#include "cli/training_options.h"
#include "cli/warnings.h"
#include "ir/amounts.h"
#include "ir/printable.h"
#include "runtime/initialize.h"
#include "runtime/peak.h"
#include "runtime/peak_rss.h"

namespace sinter::cli {
namespace {

constexpr const char* notes =
    "Inputs and labels are random, the same in every step. One step, or as many as fill 0.2 seconds, go\n"
    "before and are not counted. images/s follows from the median. GFLOP/s are those of the model as it is\n"
    "written, and in training also of its loss and its parameters' gradients, before anything is optimised;\n"
    "the peak is what as many threads reach in f32 on registers alone, measured beside the steps.\n"
    "Compilation includes the making of a session; kernels that are in the cache need none\n"
    "(--no-kernel-cache). Activations are what a session holds beside inputs and weights.\n"
    "Peak memory is the whole process's, measured anew for each combination. One that fails, as for lack of\n"
    "memory, is passed over, and the exit code is 1.\n\n"
    "Examples:\n"
    "  sinter bench lenet --batch-size 256\n"
    "  sinter bench lenet --mode train --batch-size 256 --repeat 20 --threads 1\n"
    "  sinter bench lenet,lenet_relu --mode infer,train --batch-size 1,16 --repeat 5 --json";

struct Options {
  BenchmarkRequest request;
  std::string init = "default";
  std::string weights;
  bool json = false;
};

struct Measurement {
  BenchmarkResult result;
  double peak_flops = 0;
  std::optional<int64_t> peak_rss_bytes;
};

// What is derived from a measurement.
struct Rates {
  double images_per_second = 0, flops_per_second = 0;
  std::optional<double> peak_fraction = {};  ///< none: above 1
};

Weights first_weights(const Options& options, const BenchmarkCase& one) {
  return Weights(options.weights.empty() ? initialize(*one.model, options.init, one.options.seed)
                                         : load_weights(options.weights, *one.model));
}

// Before anything is measured.
void check_weights(const Options& options, const std::vector<BenchmarkCase>& cases,
                   const GlobalOptions& global) {
  if (options.weights.empty()) return;
  for (const BenchmarkCase& one : cases)
    if (one.model_name != cases[0].model_name)
      fail_input("--weights {}: weights are one model's; MODEL names {} and {}", options.weights,
                 cases[0].model_name, one.model_name);
  warn_of_weights(options.weights, load_weights(options.weights, *cases[0].model), global);
}

Rates rates_of(const BenchmarkCase& one, const Measurement& measured) {
  const double median = measured.result.seconds.median;
  const double flops_per_second = one.flops / median;
  return {.images_per_second = static_cast<double>(measured.result.batch_size) / median,
          .flops_per_second = flops_per_second,
          .peak_fraction = peak_fraction(flops_per_second, measured.peak_flops)};
}

void warn_above_peak(const BenchmarkCase& one, const Measurement& measured, const Rates& rates) {
  if (rates.peak_fraction) return;
  fmt::print(
      stderr,
      "warning: {} {} at batch {}: {:.1f} GFLOP/s are more than the measured peak of {:.1f}; no share of "
      "it is given\n",
      printable(one.model_name), one.mode, measured.result.batch_size, 1e-9 * rates.flops_per_second,
      1e-9 * measured.peak_flops);
}

nlohmann::ordered_json or_null(const std::optional<int64_t>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

nlohmann::ordered_json or_null(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(rounded(*value)) : nlohmann::ordered_json();
}

std::string json_line(const BenchmarkCase& one, const Measurement& measured, int threads) {
  const BenchmarkResult& result = measured.result;
  const Rates rates = rates_of(one, measured);
  return nlohmann::ordered_json{{"model", one.model_name},
                                {"mode", one.mode},
                                {"backend", result.backend},
                                {"batch_size", result.batch_size},
                                {"threads", threads},
                                {"repeat", result.seconds.count},
                                {"median_ms", rounded(1e3 * result.seconds.median)},
                                {"min_ms", rounded(1e3 * result.seconds.min)},
                                {"max_ms", rounded(1e3 * result.seconds.max)},
                                {"images_per_second", rounded(rates.images_per_second)},
                                {"gflops", rounded(1e-9 * rates.flops_per_second)},
                                {"peak_fraction", or_null(rates.peak_fraction)},
                                {"compile_ms", rounded(1e3 * result.compile_seconds)},
                                {"activation_bytes", result.activation_bytes},
                                {"peak_rss_bytes", or_null(measured.peak_rss_bytes)}}
             // A model's path need not be UTF-8, as JSON is.
             .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

Table empty_table() {
  const auto right = Column::Align::right;
  return Table({{"model"},
                {"mode"},
                {"backend"},
                {"batch", right},
                {"threads", right},
                {"repeat", right},
                {"median ms", right},
                {"min ms", right},
                {"max ms", right},
                {"images/s", right},
                {"GFLOP/s", right},
                {"% of peak", right},
                {"compile ms", right},
                {"activations", right},
                {"peak memory", right}});
}

std::vector<std::string> table_row(const BenchmarkCase& one, const Measurement& measured, int threads) {
  const BenchmarkResult& result = measured.result;
  const Rates rates = rates_of(one, measured);
  const auto ms = [](double seconds) {
    return fmt::format("{:.{}f}", 1e3 * seconds, seconds < 1e-4 ? 6 : 3);
  };
  return {printable(one.model_name),
          one.mode,
          result.backend,
          std::to_string(result.batch_size),
          std::to_string(threads),
          std::to_string(result.seconds.count),
          ms(result.seconds.median),
          ms(result.seconds.min),
          ms(result.seconds.max),
          fmt::format("{:.1f}", rates.images_per_second),
          fmt::format("{:.2f}", 1e-9 * rates.flops_per_second),
          rates.peak_fraction ? fmt::format("{:.1f}", 100 * *rates.peak_fraction) : "-",
          fmt::format("{:.1f}", 1e3 * result.compile_seconds),
          byte_size(result.activation_bytes),
          measured.peak_rss_bytes ? byte_size(*measured.peak_rss_bytes) : "-"};
}

// Measures one case after the other on one pool; the peak is the best seen so far, since a neighbour can only
// lower it.
class Bench {
 public:
  Bench(const Options& options, const GlobalOptions& global)
      : options_(options),
        global_(global),
        pool_(global.make_pool()),
        peak_flops_(measure_peak_flops(*pool_)) {}

  Measurement measure(const BenchmarkCase& one) {
    const bool reset = reset_peak_rss();
    if (!reset && !first_)
      fmt::print(stderr,
                 "note: /proc/self/clear_refs cannot be written; the peak memory of {} {} is the most of all "
                 "measurements so far\n",
                 printable(one.model_name), one.mode);
    first_ = false;
    Measurement measured;
    measured.result = run_benchmark(*one.model, first_weights(options_, one), pool_, one.options);
    measured.peak_rss_bytes = peak_rss_bytes();
    warn_of_fallbacks(one.model_name, measured.result.backend, measured.result.fallbacks, global_);
    peak_flops_ = std::max(peak_flops_, measure_peak_flops(*pool_));
    measured.peak_flops = peak_flops_;
    warn_above_peak(one, measured, rates_of(one, measured));
    return measured;
  }

 private:
  const Options& options_;
  const GlobalOptions& global_;
  std::shared_ptr<ThreadPool> pool_;
  double peak_flops_;
  bool first_ = true;
};

// "lenet infer N=256"
std::string title_of(const BenchmarkCase& one) {
  std::string title = printable(one.model_name) + " " + one.mode;
  for (const auto& [symbol, size] : one.options.pass_options.symbols)
    title += fmt::format(" {}={}", symbol, size);
  return title;
}

using Show = std::function<void(const BenchmarkCase&, const Measurement&)>;

// One case that fails, as where its plan is larger than the memory, does not keep the others from being
// measured.
void measure_all(const std::vector<BenchmarkCase>& cases, Bench& bench, const Show& show) {
  size_t failed = 0;
  for (const BenchmarkCase& one : cases) {
    std::optional<Measurement> measured;
    try {
      measured = bench.measure(one);
    } catch (const InputError&) {
      throw;
    } catch (const Error& error) {
      if (cases.size() == 1) throw;
      fmt::print(stderr, "sinter: {}: {}\n", title_of(one), error.what());
      ++failed;
    }
    if (measured) show(one, *measured);
  }
  if (failed > 0) fail("{} of {} combinations could not be measured", failed, cases.size());
}

void print_table(const std::vector<BenchmarkCase>& cases, Bench& bench, int threads) {
  Table table = empty_table();
  size_t rows = 0;
  try {
    measure_all(cases, bench, [&](const BenchmarkCase& one, const Measurement& measured) {
      table.row(table_row(one, measured, threads));
      ++rows;
    });
  } catch (const Error&) {  // what was measured is kept
    if (rows > 0) write_result(table.text());
    throw;
  }
  write_result(table.text());
}

void run(const Options& options, const GlobalOptions& global) {
  const auto cases = benchmark_cases(options.request, global);
  check_weights(options, cases, global);
  Bench bench(options, global);
  if (!options.json) return print_table(cases, bench, global.threads);
  measure_all(cases, bench, [&](const BenchmarkCase& one, const Measurement& measured) {
    write_result(json_line(one, measured, global.threads));
  });
}

void add_options(CLI::App& command, Options& options) {
  BenchmarkRequest& request = options.request;
  request.model.add(command);
  command.get_option("MODEL")->description(
      ".sinter files or names of embedded models, separated by commas; every mode and batch size is measured "
      "for each");
  command.add_option("--mode", request.mode, "infer (a forward pass), train (a step), or infer,train")
      ->type_name("MODE,...")
      ->capture_default_str();
  command
      .add_option("--batch-size", request.batch_size,
                  "images a step; where it is not given 1, or what the model fixes")
      ->type_name("B,...");
  command
      .add_option("--repeat", request.repeat,
                  "steps to time; where it is not given at least 10, and until 1.5 seconds are full")
      ->check(number_in(1, 1e9));
  add_loss_options(command, request.pass_options);
  add_recompute_option(command, request.pass_options);
  add_optimizer_options(command, request.pass_options);
  command.add_option("--init", options.init, "first weights: default (PyTorch's) or xavier_uniform")
      ->check(CLI::IsMember({"default", "xavier_uniform"}))
      ->capture_default_str();
  command.add_option("--weights", options.weights, "take these weights (.safetensors) instead")
      ->type_name("FILE");
  command.add_flag("--json", options.json, "print one JSON object a line for each combination");
}

}  // namespace

void add_bench(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("bench", "time a model's forward pass or training step");
  command->footer(notes);
  auto options = std::make_shared<Options>();
  add_options(*command, *options);
  command->callback([options, &global] { run(*options, global); });
}

}  // namespace sinter::cli
