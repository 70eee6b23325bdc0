#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "runtime/early_stop.h"
#include "runtime/trainer.h"

namespace sinter::cli {

/// How a training goes on from step to step: --lr, --lr-schedule, --warmup, --accumulate, --early-stop and
/// --early-stop-on.
struct CourseOptions {
  std::optional<double> lr;
  std::string schedule = "constant";
  std::string warmup = "0";
  int64_t accumulate = 1;
  std::string early_stop;  ///< PATIENCE or PATIENCE,MIN_DELTA; empty: to the end
  std::string early_stop_on = "loss";

  void add(CLI::App& command);
  /// Sets what the options say; `options.pass_options` tells the optimizer. Throws InputError where they make
  /// no sense.
  void apply(TrainOptions& options, int64_t epochs) const;
  /// Throws InputError for other text than a whole number above 0, perhaps followed by a number.
  std::optional<EarlyStop> stop() const;
};

}  // namespace sinter::cli
