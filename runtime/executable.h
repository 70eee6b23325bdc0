#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend_options.h"
#include "passes/run_passes.h"
#include "runtime/compiled_graph.h"
#include "runtime/fallbacks.h"
#include "runtime/memory.h"
#include "runtime/profile.h"

namespace sinter {

/// A graph made ready to run: compiled nodes in order, and a place for every value. Immutable; any number of
/// sessions on any threads share one.
struct Executable {
  Graph graph;
  CompiledGraph program;
  std::vector<Body> prepared;        ///< what makes some of the graph's parameters of weights (hoist_weights)
  std::string backend;               ///< the one asked for; nodes it cannot run have another
  std::string versions;              ///< see Backend::versions()
  std::vector<Remark> remarks;       ///< what the passes had to say
  std::vector<Fallback> fallbacks;   ///< nodes that the backend asked for cannot run
  std::shared_ptr<Profile> profile;  ///< its kernels' clocks; null unless it was compiled with them

  /// What makes a parameter of weights; null: it is one.
  Body definition(std::string_view parameter) const {
    const auto found = std::ranges::find(prepared, parameter, [](const Body& made) { return made->name; });
    return found == prepared.end() ? nullptr : *found;
  }
  /// Memory for intermediate values and for what kernels keep while they run, one session's: the arena, and
  /// for each thread that has a unit a workspace, in which loops over slabs keep the values of their bodies.
  int64_t activation_bytes(int threads) const {
    return program.plan.arena_bytes + program.workspace_offsets(threads).back();
  }
};

struct CompileOptions {
  std::string backend = "auto";
  std::vector<std::string> passes;  ///< see inference_passes() and training_passes()
  PassOptions pass_options = {};
  RunOptions run_options = {};
  BackendOptions backend_options = {};
  bool profile = false;  ///< kernels have clocks, for one session at a time; else they are not touched
  /// Bytes; none: nobody knows. A graph whose values alone need more is not compiled.
  std::optional<int64_t> available = available_memory_bytes();
};

/// The names of the pipelines' passes.
std::vector<std::string> inference_passes();
std::vector<std::string> training_passes();

/// The backends of this build, fastest first.
std::vector<std::string> backend_names();
/// The backend of that name, and behind it `reference` for the nodes it cannot run. "auto": all of them, each
/// node on the one that expects to be the quickest; what fails to compile there is warned of and compiled by
/// another that has a kernel for it in the same layouts. Throws InputError that lists the names.
std::shared_ptr<const Backend> find_backend(const std::string& name, const BackendOptions& options = {});

/// Runs the passes, verifies, and compiles a kernel for each node. With "auto", where a backend fails at a
/// node that no other runs in its layouts, that is warned of and the graph compiled without it. Throws
/// InputError where the graph cannot be run (a symbol that is not bound, a type the backend has no arithmetic
/// for), Error where its values need more memory than is available.
std::shared_ptr<const Executable> compile(Graph graph, const CompileOptions& options);

}  // namespace sinter
