#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "passes/pass.h"

namespace sinter {

enum class Verify : uint8_t {
  none,
  structure,  ///< verify() after every pass
  execute,    ///< and run the graph before and after on the interpreter: the numbers must agree
};

struct RunOptions {
  Verify verify = Verify::none;
  std::vector<std::string> disable = {};      ///< passes left out
  std::vector<std::string> print_after = {};  ///< passes after which `print` is called; "all" for every one
  std::string stop_after = {};                ///< the last pass to run; one of those given
  std::function<void(std::string_view pass, const Graph&)> print = {};
  std::function<void(std::string_view pass, double seconds, bool changed)> timed = {};
};

/// Runs the passes in order. Every name, also in the options, is one of the pass table (InputError
/// otherwise). A graph that a pass broke is an InternalError that names the pass.
void run_passes(Graph& graph, const std::vector<std::string>& passes, const PassOptions& options,
                const RunOptions& run = {});
/// As above with passes that need not be in the table: backends bring some. Names in the options that none of
/// them has mean nothing.
void run_passes(Graph& graph, std::span<const Pass> passes, const PassOptions& options,
                const RunOptions& run = {});

}  // namespace sinter
