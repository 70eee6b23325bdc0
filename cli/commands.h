#pragma once

#include <CLI/CLI.hpp>

#include "cli/global_options.h"

/// One function a subcommand, one file each: adds the command to the program; its callback does the work and
/// throws Error where it fails. `global` outlives the program's parsing.
namespace sinter::cli {

void add_train(CLI::App& app, const GlobalOptions& global);
void add_eval(CLI::App& app, const GlobalOptions& global);
void add_run(CLI::App& app, const GlobalOptions& global);
void add_summary(CLI::App& app, const GlobalOptions& global);
void add_inspect(CLI::App& app, const GlobalOptions& global);
void add_explain(CLI::App& app, const GlobalOptions& global);
void add_bench(CLI::App& app, const GlobalOptions& global);
void add_opt(CLI::App& app, const GlobalOptions& global);
void add_ops(CLI::App& app, const GlobalOptions& global);
void add_check(CLI::App& app, const GlobalOptions& global);
void add_export(CLI::App& app, const GlobalOptions& global);
void add_data(CLI::App& app, const GlobalOptions& global);

}  // namespace sinter::cli
