#include "passes/run_passes.h"

#include <algorithm>
#include <chrono>

#include "ir/verify.h"
#include "passes/pass_table.h"
#include "passes/same_numbers.h"

namespace sinter {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

void check_names(const std::vector<std::string>& passes, const RunOptions& run) {
  for (const std::string& name : run.disable) find_pass(name);
  for (const std::string& name : run.print_after)
    if (name != "all") find_pass(name);
  if (run.stop_after.empty()) return;
  find_pass(run.stop_after);
  if (!contains(passes, run.stop_after))
    fail_input("cannot stop after {}: the passes are {}", run.stop_after, fmt::join(passes, ", "));
}

void check(const Pass& pass, const Graph& before, const Graph& after, Verify verify) {
  const auto place = std::source_location::current();
  try {
    verify_or_fail(after, "after the pass");
  } catch (const InputError& error) {
    throw InternalError(fmt::format("pass {} broke the graph: {}", pass.name, error.what()), place);
  }
  if (verify != Verify::execute) return;
  if (const auto difference = numeric_difference(before, after, pass.meaning))
    throw InternalError(fmt::format("pass {} changed the numbers: {}", pass.name, *difference), place);
}

void run_one(Graph& graph, const Pass& pass, const PassOptions& options, const RunOptions& run,
             Verify verify) {
  const Graph before = verify == Verify::execute ? graph : Graph{};
  const auto start = std::chrono::steady_clock::now();
  const bool changed = pass.run(graph, options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (run.timed) run.timed(pass.name, seconds.count(), changed);
  if (verify != Verify::none) check(pass, before, graph, verify);
  const bool wanted = contains(run.print_after, pass.name) || contains(run.print_after, "all");
  if (run.print && wanted) run.print(pass.name, graph);
}

}  // namespace

void run_passes(Graph& graph, const std::vector<std::string>& passes, const PassOptions& options,
                const RunOptions& run) {
  check_names(passes, run);
  std::vector<Pass> found;
  for (const std::string& name : passes) found.push_back(find_pass(name));
  run_passes(graph, found, options, run);
}

void run_passes(Graph& graph, std::span<const Pass> passes, const PassOptions& options,
                const RunOptions& run) {
#ifdef SINTER_VERIFY_PASSES
  const Verify verify = std::max(run.verify, Verify::structure);
#else
  const Verify verify = run.verify;
#endif
  PassOptions told = options;
  told.loops_follow = std::ranges::count(passes, "form_slab_loops", &Pass::name) > 0 &&
                      !contains(run.disable, "form_slab_loops");
  for (const Pass& pass : passes) {
    if (!contains(run.disable, pass.name)) run_one(graph, pass, told, run, verify);
    if (run.stop_after == pass.name) break;
  }
}

}  // namespace sinter
