#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "backends/backend_options.h"
#include "runtime/thread_pool.h"

namespace sinter::cli {

/// Options every command has.
struct GlobalOptions {
  int threads = 1;  ///< the cores in the process's affinity mask
  uint64_t seed = 0;
  std::string backend = "auto";
  std::string log_level = "info";  ///< quiet, info or debug
  std::string kernel_cache;        ///< a folder; empty: the usual one
  bool no_kernel_cache = false;
  uint64_t kernel_cache_limit = uint64_t{256} << 20;  ///< bytes
  bool jit_symbols = false;
  std::string instruction_set = "host";
  BackendOptions backend_options = {};  ///< what the five above come to

  bool quiet() const { return log_level == "quiet"; }
  bool debug() const { return log_level == "debug"; }
  std::shared_ptr<ThreadPool> make_pool() const { return std::make_shared<ThreadPool>(threads); }
};

/// Adds them to the program. `options.backend_options` is ready before a command runs.
void add_global_options(CLI::App& app, GlobalOptions& options);

/// A number with bounds that also refuses nan and infinity, which CLI11 takes for numbers.
CLI::Validator number_in(double least, double most);
/// As number_in, without `least` itself.
CLI::Validator number_above(double least);
/// As number_in, without `limit` itself.
CLI::Validator number_below(double least, double limit);

}  // namespace sinter::cli
