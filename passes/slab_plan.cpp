#include "passes/slab_plan.h"

#include <algorithm>

#include "passes/frugal_slab.h"
#include "passes/slab_size.h"

namespace sinter {
namespace {

constexpr size_t least_loop_nodes = 2;  // one alone shares nothing with another

using ChooseSlab = SlabChoice (*)(const Graph&, const SlabRegions&, const std::vector<NodeId>&,
                                  const PassOptions&);

SlabPlan plan_by(ChooseSlab choose, SlabRegions regions, const Graph& graph, const PassOptions& options) {
  SlabPlan plan{std::move(regions), {}};
  for (int level = 0; level < plan.regions.levels; ++level) {
    const auto nodes = plan.regions.nodes_of(level, true);
    SlabChoice choice;
    if (nodes.size() >= least_loop_nodes) choice = choose(graph, plan.regions, nodes, options);
    if (!choice.why_not.empty() && options.remarks)
      options.remarks->push_back({"form_slab_loops", graph.node(nodes[0]).source, std::move(choice.why_not)});
    plan.slabs.push_back(choice.samples);
  }
  return plan;
}

void append(std::vector<Remark>& to, const std::vector<Remark>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

bool SlabPlan::has_loops() const {
  return std::ranges::any_of(slabs, [](const auto& slab) { return slab.has_value(); });
}

bool is_step(const Graph& graph) {
  return std::ranges::any_of(graph.results(), [](const GraphResult& r) { return r.stored_in.valid(); });
}

SlabPlan plan_slabs(const Graph& graph, const PassOptions& options) {
  std::vector<Remark> of_cache, of_regions, of_memory;
  const auto told = [&](std::vector<Remark>& remarks) {
    PassOptions own = options;
    own.remarks = &remarks;
    return own;
  };
  SlabPlan plan;
  if (options.target == nullptr || options.slabs.slab > 0 || is_step(graph)) {
    plan = plan_by(choose_slab_size, find_slab_regions(graph, told(of_cache)), graph, told(of_cache));
    if (plan.has_loops() || options.target == nullptr || options.slabs.slab > 0) {
      if (options.remarks) append(*options.remarks, of_cache);
      return plan;
    }
  }
  SlabPlan frugal = plan_by(find_frugal_slab, find_slab_regions(graph, told(of_regions), 0, LaneSums::frugal),
                            graph, told(of_memory));
  if (options.remarks) {
    append(*options.remarks, frugal.has_loops() ? of_regions : of_cache);
    append(*options.remarks, of_memory);
  }
  return frugal;
}

}  // namespace sinter
