#include "passes/whole_slab_target.h"

#include <algorithm>

#include "passes/slab_body.h"
#include "passes/slab_plan.h"

namespace sinter {
namespace {

constexpr int64_t block = 16, most_samples = 256;

// The node and what made its operands, in order: a target may look at both.
std::vector<NodeId> with_makers(const Graph& graph, NodeId id, const SlabRegions& regions) {
  std::vector<NodeId> nodes = {id};
  for (const ValueId operand : graph.node(id).operands)
    if (operand.valid() && graph.info(operand).node >= 0 && regions.inside[graph.info(operand).node])
      nodes.push_back(graph.info(operand).node);
  std::ranges::sort(nodes);
  nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
  return nodes;
}

}  // namespace

WholeSlabTarget::WholeSlabTarget(const Target& target, const Graph& graph, const PassOptions& options)
    : target_(target), graph_(graph), options_(options) {
  if (!options.loops_follow || options.slabs.slab > 0 || !is_step(graph)) return;
  options_.remarks = nullptr;
  regions_ = find_slab_regions(graph, options_);
  whole_ = std::min(regions_.samples / block * block, most_samples);
  if (whole_ == regions_.samples) whole_ = 0;
}

std::vector<Implementation> WholeSlabTarget::implementations(const Graph& graph, NodeId id,
                                                             std::span<const Layout> offered) const {
  if (whole_ == 0) return target_.implementations(graph, id, offered);
  const bool alone = &graph != &graph_;
  const SlabRegions found = alone ? find_slab_regions(graph, options_, regions_.samples) : SlabRegions{};
  const SlabRegions& regions = alone ? found : regions_;
  if (!regions.inside[id]) return target_.implementations(graph, id, offered);
  const SlabBody body = make_slab_body(graph, regions, with_makers(graph, id, regions), whole_);
  return target_.implementations(body.graph, body.nodes.back(), offered);
}

double WholeSlabTarget::reorder_seconds(const Type& type, const Layout& to) const {
  return target_.reorder_seconds(type, to);
}

std::optional<std::string> WholeSlabTarget::refuses_fusion(const Graph& body) const {
  return target_.refuses_fusion(body);
}

}  // namespace sinter
