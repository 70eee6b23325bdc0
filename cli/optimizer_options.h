#pragma once

#include <CLI/CLI.hpp>
#include <string_view>

#include "passes/pass.h"

namespace sinter::cli {

/// --optimizer, and what optimizers may be told: --momentum, --nesterov, --weight-decay, --beta1, --beta2,
/// --eps, --alpha, --centered, --clip-value and --clip-norm. Once the command line is read, InputError where
/// one was given that the optimizer does not have.
void add_optimizer_options(CLI::App& command, PassOptions& options);

/// The learning rate of an optimizer for which none is given.
double default_rate(std::string_view optimizer);

}  // namespace sinter::cli
