#include "runtime/memory_need.h"

#include <algorithm>

#include "ir/amounts.h"
#include "passes/plan_memory.h"

namespace sinter {
namespace {

// The estimate of what is available is rough, and the process and others go on allocating.
constexpr int64_t percent_left_alone = 5;

bool is_there(const Executable& executable, const Weights& weights, ValueId id) {
  const ValueInfo& info = executable.graph.info(id);
  const Body definition = executable.definition(info.name);
  return definition ? weights.holds(*definition, info.type) : weights.holds(info.name, info.type);
}

bool is_large(const Graph& graph) {
  int64_t bytes = 0;
  return std::ranges::any_of(graph.values(), [&](const ValueInfo& value) {
    bytes += value.type.bytes();
    return bytes > large_plan_bytes;
  });
}

}  // namespace

MemoryNeed memory_need(const Graph& graph, const MemoryPlan& plan) {
  MemoryNeed need{.values = plan.arena_bytes};
  for (const ValueId id : graph.inputs()) need.inputs += graph.type(id).bytes();
  for (const GraphResult& result : graph.results())
    if (!result.stored_in.valid()) need.results += graph.type(result.value).bytes();
  for (const StoreCopy& copy : plan.copies) need.results += graph.type(copy.to).bytes();
  return need;
}

MemoryNeed memory_need(const Executable& executable, int threads, const Weights& weights) {
  const Graph& graph = executable.graph;
  MemoryNeed need = memory_need(graph, executable.program.plan);
  need.workspaces = executable.program.workspace_offsets(threads).back();
  need.threads = threads;
  for (const auto ids : {graph.parameters(), graph.states()})
    for (const ValueId id : ids)
      if (!is_there(executable, weights, id)) need.weights += graph.type(id).bytes();
  return need;
}

void check_memory(std::string_view graph, const MemoryNeed& need, std::optional<int64_t> available) {
  if (!available || need.total() <= large_plan_bytes) return;
  const int64_t usable = *available - *available / 100 * percent_left_alone;
  if (need.total() > usable)
    refuse_plan(graph, need,
                fmt::format("{} are available, {} % of them left for others", byte_size(*available),
                            percent_left_alone));
}

void check_values(const Graph& graph, std::optional<int64_t> available) {
  if (is_large(graph)) check_memory(graph.name, memory_need(graph, plan_memory(graph)), available);
}

void refuse_plan(std::string_view graph, const MemoryNeed& need, std::string_view why) {
  if (need.threads == 0)
    fail(
        "graph \"{}\" needs at least {} of memory ({} for intermediate values, {} for inputs, {} for "
        "results): {}",
        graph, byte_size(need.total()), byte_size(need.values), byte_size(need.inputs),
        byte_size(need.results), why);
  fail(
      "graph \"{}\" needs {} of memory ({} for intermediate values, {} for kernels on {} thread{}, {} for "
      "inputs, {} for results, {} for weights): {}",
      graph, byte_size(need.total()), byte_size(need.values), byte_size(need.workspaces), need.threads,
      need.threads == 1 ? "" : "s", byte_size(need.inputs), byte_size(need.results), byte_size(need.weights),
      why);
}

}  // namespace sinter
