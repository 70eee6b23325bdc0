#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/thread_pool.h"

namespace sinter::cli {

/// Options every command has.
struct GlobalOptions {
  int threads = 1;  ///< the cores in the process's affinity mask
  uint64_t seed = 0;
  std::string backend = "auto";
  std::string log_level = "info";  ///< quiet, info or debug

  bool quiet() const { return log_level == "quiet"; }
  bool debug() const { return log_level == "debug"; }
  std::shared_ptr<ThreadPool> make_pool() const { return std::make_shared<ThreadPool>(threads); }
};

void add_global_options(CLI::App& app, GlobalOptions& options);

/// A number with bounds that also refuses nan and infinity, which CLI11 takes for numbers.
CLI::Validator number_in(double least, double most);
/// As number_in, without `least` itself.
CLI::Validator number_above(double least);

}  // namespace sinter::cli
