#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/data_option.h"
#include "cli/global_options.h"
#include "cli/model_option.h"
#include "runtime/data/batch_loader.h"
#include "runtime/data/data_set.h"
#include "runtime/trainer.h"

namespace sinter::cli {

/// --normalize.
struct NormalizeOption {
  std::string text;  ///< MEAN,STD; several channels as M1,M2,M3,S1,S2,S3

  void add(CLI::App& command);
  /// Throws InputError unless it is pairs of finite numbers, deviations above zero, one pair or one for each
  /// channel.
  Normalization normalization(int64_t channels) const;
};

/// --test-limit, as train and eval have it; 0: not given.
void add_test_limit_option(CLI::App& command, int64_t& limit);

/// --recompute.
void add_recompute_option(CLI::App& command, PassOptions& options);

/// --loss, --loss-reduction and --label-smoothing, as train and eval have them.
void add_loss_options(CLI::App& command, PassOptions& options);

}  // namespace sinter::cli
