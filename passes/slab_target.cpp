#include "passes/slab_target.h"

#include <algorithm>
#include <numeric>

#include "ir/slab_form.h"
#include "passes/slab_plan.h"

namespace sinter {
namespace {

// As many slabs are counted for any batch: what is done once, before or after the loops, would otherwise
// weigh less the larger the batch, and a larger batch take more memory.
constexpr int64_t typical_slabs = 16;

}  // namespace

SlabTarget::SlabTarget(const Target& target, const Graph& graph, const PassOptions& options)
    : target_(target), parts_(graph.nodes().size()), cuts_(graph.values().size()) {
  PassOptions silent = options;  // form_slab_loops itself says what it refuses
  silent.remarks = nullptr;
  silent.target = &target;
  const SlabPlan plan = plan_slabs(graph, silent);
  const SlabRegions& regions = plan.regions;
  for (int level = 0; level < regions.levels; ++level) {
    const auto nodes = regions.nodes_of(level, true);
    const auto& slab = plan.slabs[level];
    if (!slab) continue;
    const SlabBody& body = bodies_.emplace_back(make_slab_body(graph, regions, nodes, *slab));
    for (size_t i = 0; i < nodes.size(); ++i) parts_[nodes[i]] = {&body.graph, body.nodes[i]};
    for (const auto* ids : {&body.operands, &body.results})
      for (const ValueId id : *ids)
        if (regions.batched[id.index]) cuts_[id.index] = std::gcd(cuts_[id.index], *slab);
    samples_ = regions.samples;
    typical_samples_ = *slab * typical_slabs;
  }
}

std::vector<Implementation> SlabTarget::implementations(const Graph& graph, NodeId id,
                                                        std::span<const Layout> offered) const {
  const Part& part = parts_[id];
  if (part.body == nullptr) return target_.implementations(graph, id, offered);
  auto ways = target_.implementations(*part.body, part.node, offered);
  std::erase_if(ways, [&](const Implementation& way) { return !can_run(graph.node(id), way); });
  for (Implementation& way : ways) way.seconds *= static_cast<double>(typical_slabs);
  return ways;
}

// Whether its layouts keep apart the samples of slabs where they must lie as the batch does.
bool SlabTarget::can_run(const Node& node, const Implementation& way) const {
  const auto is_cut = [&](ValueId id, const Layout& layout) {
    return !id.valid() || cuts_[id.index] == 0 || layout.cuts_into(cuts_[id.index]);
  };
  return std::ranges::equal(node.operands, way.operands, is_cut) &&
         std::ranges::equal(node.results, way.results, is_cut);
}

double SlabTarget::reorder_seconds(const Type& type, const Layout& to) const {
  const bool batched = samples_ > 0 && !type.shape.empty() && type.shape[0] == Dim(samples_);
  return target_.reorder_seconds(batched ? with_samples(type, typical_samples_) : type, to);
}

std::optional<std::string> SlabTarget::refuses_fusion(const Graph& body) const {
  return target_.refuses_fusion(body);
}

}  // namespace sinter
