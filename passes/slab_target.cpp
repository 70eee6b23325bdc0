#include "passes/slab_target.h"

#include "ir/slab_form.h"
#include "passes/slab_size.h"

namespace sinter {
namespace {

// As many slabs are counted for any batch: what is done once, before or after the loops, would otherwise
// weigh less the larger the batch, and a larger batch take more memory.
constexpr int64_t typical_slabs = 16;

}  // namespace

SlabTarget::SlabTarget(const Target& target, const Graph& graph, const PassOptions& options)
    : target_(target), parts_(graph.nodes().size()) {
  PassOptions silent = options;  // form_slab_loops itself says what it refuses
  silent.remarks = nullptr;
  const SlabRegions regions = find_slab_regions(graph, silent);
  for (int level = 0; level < regions.levels; ++level) {
    const auto nodes = regions.nodes_of(level, true);
    const auto slab = choose_slab_size(graph, regions, nodes, silent);
    if (!slab) continue;
    const SlabBody& body = bodies_.emplace_back(make_slab_body(graph, regions, nodes, *slab));
    for (size_t i = 0; i < nodes.size(); ++i) parts_[nodes[i]] = {&body.graph, body.nodes[i]};
    samples_ = regions.samples;
    typical_samples_ = *slab * typical_slabs;
  }
}

std::vector<Implementation> SlabTarget::implementations(const Graph& graph, NodeId id,
                                                        std::span<const Layout> offered) const {
  const Part& part = parts_[id];
  if (part.body == nullptr) return target_.implementations(graph, id, offered);
  auto ways = target_.implementations(*part.body, part.node, offered);
  for (Implementation& way : ways) way.seconds *= static_cast<double>(typical_slabs);
  return ways;
}

double SlabTarget::reorder_seconds(const Type& type, const Layout& to) const {
  const bool batched = samples_ > 0 && !type.shape.empty() && type.shape[0] == Dim(samples_);
  return target_.reorder_seconds(batched ? with_samples(type, typical_samples_) : type, to);
}

std::optional<std::string> SlabTarget::refuses_fusion(const Graph& body) const {
  return target_.refuses_fusion(body);
}

}  // namespace sinter
