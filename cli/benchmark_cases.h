#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/global_options.h"
#include "cli/model_option.h"
#include "runtime/benchmark.h"

namespace sinter::cli {

/// What `sinter bench` is asked to measure. Models, modes and batch sizes are lists, separated by commas.
struct BenchmarkRequest {
  ModelOption model;
  std::string mode = "infer";
  std::optional<std::string> batch_size;
  int64_t repeat = 0;  ///< 0: chosen by time
  PassOptions pass_options;
};

/// One combination of what was asked for.
struct BenchmarkCase {
  std::string model_name;  ///< as it was given
  std::shared_ptr<const Graph> model;
  std::string mode;
  BenchmarkOptions options;
  double flops = 0;  ///< of a step
};

/// Every combination, models outermost and batch sizes innermost, each found to be possible as far as that
/// can be told without compiling it: better now than after the first ones have been measured. Throws
/// InputError that names the option and the element.
std::vector<BenchmarkCase> benchmark_cases(const BenchmarkRequest& request, const GlobalOptions& global);

}  // namespace sinter::cli
