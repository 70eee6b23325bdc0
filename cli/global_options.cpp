#include "cli/global_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>

#include "cli/environment.h"
#include "runtime/executable.h"
#include "runtime/kernel_cache.h"
#include "runtime/thread_pool.h"

namespace sinter::cli {
namespace {

template <typename Accepts>
CLI::Validator number_that(Accepts accepts, const std::string& expected) {
  return {[accepts, expected](std::string& text) -> std::string {
            double value = 0;
            if (CLI::detail::lexical_cast(text, value) && std::isfinite(value) && accepts(value)) return {};
            return fmt::format("{} is no number {}", text, expected);
          },
          ""};
}

// CLI11 would wrap numbers around.
CLI::Validator seed_number() {
  return {[](std::string& text) -> std::string {
            uint64_t seed = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
            if (error == std::errc{} && end == text.data() + text.size()) return {};
            return fmt::format("{} is no integer from 0 to {}", text, UINT64_MAX);
          },
          ""};
}

// What CLI11 would take for another number or name by its type: a sign, an exponent, more digits than it
// holds.
CLI::Validator whole_number_and_unit() {
  return {[](std::string& text) -> std::string {
            const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
            const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
            if (digits > 0 && digits <= 18 && std::all_of(text.begin() + digits, text.end(), is_letter))
              return {};
            return fmt::format("{} is no size, such as 262144, 64MiB or 1GiB", text);
          },
          ""};
}

const std::map<std::string, InstructionSet> instruction_sets(std::begin(instruction_set_names),
                                                             std::end(instruction_set_names));

BackendOptions make_backend_options(const GlobalOptions& options) {
  const auto warn = [quiet = options.quiet()](std::string_view what) {
    if (!quiet) fmt::print(stderr, "warning: {}\n", what);
  };
  KernelCacheOptions cache{
      .limit = static_cast<int64_t>(std::min<uint64_t>(options.kernel_cache_limit, INT64_MAX)),
      .temporary = temporary_folder(),
      .warn = warn};
  if (!options.no_kernel_cache)
    cache.folder =
        options.kernel_cache.empty() ? kernel_cache_folder() : std::filesystem::path(options.kernel_cache);
  return {.kernels = std::make_shared<KernelCache>(std::move(cache)),
          .debug_symbols = options.jit_symbols,
          .instruction_set = instruction_sets.at(options.instruction_set),
          .warn = warn};
}

void add_kernel_options(CLI::App& app, GlobalOptions& options, const char* group) {
  auto* folder =
      app.add_option("--kernel-cache", options.kernel_cache,
                     "keep compiled kernels in this folder (default: ~/.cache/sinter/kernels)")
          ->check(CLI::Validator(
              [](std::string& text) { return std::string(text.empty() ? "expected a folder" : ""); }, ""))
          ->type_name("DIR")
          ->group(group);
  app.add_flag("--no-kernel-cache", options.no_kernel_cache, "compile every kernel anew, and keep none")
      ->excludes(folder)
      ->group(group);
  app.add_option("--kernel-cache-limit", options.kernel_cache_limit,
                 "most that the kernels kept may come to; those not used for the longest time go first")
      ->transform(CLI::AsSizeValue(false))
      ->transform(whole_number_and_unit())
      ->type_name("SIZE")
      ->default_str("256MiB")
      ->group(group);
  app.add_flag("--jit-symbols", options.jit_symbols,
               "name generated code to perf (/tmp/perf-PID.map) and gdb")
      ->group(group);
  app.add_option("--instruction-set", options.instruction_set,
                 "what jit's kernels may use: host (all this CPU has), avx512, avx2 or baseline (SSE2)")
      ->check(CLI::IsMember(instruction_sets))
      ->type_name("SET")
      ->capture_default_str()
      ->group(group);
  app.parse_complete_callback([&options] { options.backend_options = make_backend_options(options); });
}

}  // namespace

CLI::Validator number_in(double least, double most) {
  return number_that([=](double v) { return v >= least && v <= most; },
                     fmt::format("from {} to {}", least, most));
}

CLI::Validator number_above(double least) {
  return number_that([=](double v) { return v > least; }, fmt::format("above {}", least));
}

CLI::Validator number_below(double least, double limit) {
  return number_that([=](double v) { return v >= least && v < limit; },
                     fmt::format("from {} to below {}", least, limit));
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  options.threads = usable_cores();
  auto backends = backend_names();
  backends.insert(backends.begin(), "auto");
  const auto group = "Global options";
  app.add_option("--threads", options.threads, "threads to compute with")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str()
      ->group(group);
  app.add_option("--seed", options.seed, "seed of everything random")
      ->check(seed_number())
      ->capture_default_str()
      ->group(group);
  app.add_option("--backend", options.backend, "what runs the kernels")
      ->check(CLI::IsMember(backends))
      ->capture_default_str()
      ->group(group);
  app.add_option("--log-level", options.log_level, "quiet (results and errors alone), info or debug")
      ->check(CLI::IsMember({"quiet", "info", "debug"}))
      ->capture_default_str()
      ->group(group);
  add_kernel_options(app, options, group);
}

}  // namespace sinter::cli
