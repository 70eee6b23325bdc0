#include "runtime/compiled_graph.h"

#include <algorithm>

#include "runtime/slab_loop_kernel.h"

namespace sinter {
namespace {

constexpr int64_t alignment = 64;  // threads' workspaces lie one after the other, each on a cache line

}  // namespace

CompiledGraph compile_nodes(const Graph& graph, const Backend& backend, std::span<const ValueId> elsewhere) {
  CompiledGraph compiled;
  std::vector<int64_t> scratch_bytes;
  const std::vector<bool> views = find_views(graph, elsewhere);
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
    if (!views[id] && graph.node(id).op != OpKind::slab_loop) backend.prepare(graph, id);
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    if (views[id])
      compiled.nodes.push_back({backend.name(), {}, 0});
    else if (graph.node(id).op == OpKind::slab_loop)
      compiled.nodes.push_back(compile_slab_loop(graph, id, backend));
    else
      compiled.nodes.push_back(backend.compile(graph, id));
    scratch_bytes.push_back(compiled.nodes.back().scratch_bytes);
    for (const auto& kernel : compiled.nodes.back().kernels)
      compiled.workspace_bytes = std::max(compiled.workspace_bytes, kernel->workspace_bytes());
  }
  compiled.workspace_bytes = (compiled.workspace_bytes + alignment - 1) / alignment * alignment;
  compiled.plan = plan_memory(graph, scratch_bytes, elsewhere);
  return compiled;
}

}  // namespace sinter
