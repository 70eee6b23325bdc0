#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "passes/pass.h"

namespace sinter::cli {

/// --print-after, --stop-after, --disable, --time-passes, --remarks and --verify: what can be asked of the
/// pass runner.
struct PassRunOptions {
  std::vector<std::string> print_after, disable;
  std::string stop_after;
  std::string verify = "none";
  bool time_passes = false, remarks = false;

  void add(CLI::App& command);
  /// Runs the passes. Graphs and times that were asked for go to standard error.
  void run(Graph& graph, const std::vector<std::string>& passes, const PassOptions& options) const;
};

/// Every pass with its summary, for a command's help.
std::string pass_list();

}  // namespace sinter::cli
