#include "runtime/compiled_graph.h"

#include <algorithm>

#include "runtime/slab_loop_kernel.h"

namespace sinter {
namespace {

constexpr int64_t alignment = 64;  // threads' workspaces lie one after the other, each on a cache line

bool is_in_place(const Node& node, const MemoryPlan& plan) {
  const Place& to = plan.places[node.results[0].index];
  return std::ranges::any_of(node.operands, [&](ValueId operand) {
    if (!operand.valid()) return false;
    const Place& from = plan.places[operand.index];
    if (from.kind != to.kind) return false;
    return to.kind == Place::Kind::arena ? from.offset == to.offset : from.owner == to.owner;
  });
}

int64_t aligned(int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

std::vector<int64_t> CompiledGraph::workspace_offsets(int threads) const {
  std::vector<int64_t> bytes(threads);
  for (const CompiledNode& node : nodes)
    for (const auto& kernel : node.kernels) {
      const int64_t places = kernel->self_parallel() ? 1 : std::clamp<int64_t>(kernel->units(), 1, threads);
      bytes[places - 1] = std::max(bytes[places - 1], aligned(kernel->workspace_bytes()));
    }
  for (int place = threads - 1; place > 0; --place)
    bytes[place - 1] = std::max(bytes[place - 1], bytes[place]);
  std::vector<int64_t> offsets = {0};
  for (const int64_t needed : bytes) offsets.push_back(offsets.back() + needed);
  return offsets;
}

CompiledGraph compile_nodes(const Graph& graph, const Backend& backend, std::span<const ValueId> elsewhere,
                            Profile* profile) {
  CompiledGraph compiled;
  std::vector<int64_t> scratch_bytes;
  const std::vector<bool> views = find_views(graph, elsewhere);
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
    if (!views[id] && graph.node(id).op != OpKind::slab_loop) backend.prepare(graph, id);
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    NodeProfile* const clocks = profile ? &profile->emplace_back() : nullptr;
    if (views[id])
      compiled.nodes.push_back({backend.name(), {}, 0});
    else if (graph.node(id).op == OpKind::slab_loop)
      compiled.nodes.push_back(compile_slab_loop(graph, id, backend, clocks));
    else
      compiled.nodes.push_back(backend.compile(graph, id));
    if (clocks) add_clocks(compiled.nodes.back(), *clocks);
    scratch_bytes.push_back(compiled.nodes.back().scratch_bytes);
    for (const auto& kernel : compiled.nodes.back().kernels)
      compiled.workspace_bytes = std::max(compiled.workspace_bytes, kernel->workspace_bytes());
  }
  compiled.workspace_bytes = aligned(compiled.workspace_bytes);
  compiled.plan = plan_memory(graph, scratch_bytes, elsewhere);
  for (size_t id = 0; profile && id < profile->size(); ++id)
    (*profile)[id].in_place = is_in_place(graph.nodes()[id], compiled.plan);
  return compiled;
}

}  // namespace sinter
