#include "passes/form_slab_loops.h"

#include <algorithm>

#include "ir/copy.h"
#include "passes/remove_dead_nodes.h"
#include "passes/slab_body.h"
#include "passes/slab_plan.h"
#include "passes/slab_remainder.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

class LoopFormer {
 public:
  LoopFormer(const Graph& graph, const PassOptions& options)
      : graph_(graph), options_(options), plan_(plan_slabs(graph, options)), copy_(graph) {}

  /// Whether any loop was made.
  bool run() {
    if (plan_.regions.samples == 0) return false;
    for (int level = 0; level < plan_.regions.levels; ++level) {
      copy_nodes(plan_.regions.nodes_of(level, false));
      const auto nodes = plan_.regions.nodes_of(level, true);
      const auto slab = plan_.slabs[level];
      if (!slab || !append_loop(nodes, *slab)) copy_nodes(nodes);
    }
    return formed_;
  }

  Graph finish() { return copy_.finish(); }

 private:
  void remark(const std::vector<NodeId>& nodes, std::string text) const {
    if (options_.remarks)
      options_.remarks->push_back({"form_slab_loops", graph_.node(nodes[0]).source, std::move(text)});
  }

  void copy_nodes(const std::vector<NodeId>& nodes) {
    for (const NodeId id : nodes) copy_.node(graph_.node(id));
  }

  SlabBody body(const std::vector<NodeId>& nodes, int64_t slab) const {
    return make_slab_body(graph_, plan_.regions, nodes, slab);
  }

  Graph remainder_of(const std::vector<NodeId>& nodes, int64_t rest) const {
    Graph remainder = body(nodes, rest).graph;
    lay_out_remainder(remainder, options_);
    return remainder;
  }

  // The first node that the target cannot run on a slab in the layouts that were chosen for the batch.
  std::optional<std::string> declined(const Graph& body) const {
    if (options_.target == nullptr) return std::nullopt;
    for (NodeId id = 0; id < static_cast<NodeId>(body.nodes().size()); ++id) {
      const Node& node = body.node(id);
      if (node.op == OpKind::reorder) continue;  // between any two layouts
      const auto ways = options_.target->implementations(body, id, layouts_of(body, node));
      if (find_implementation(ways, body, node) == nullptr)
        return fmt::format("{}{}", to_string(node.op),
                           node.source.empty() ? "" : fmt::format(" of \"{}\"", node.source));
    }
    return std::nullopt;
  }

  bool append_loop(const std::vector<NodeId>& nodes, int64_t slab) {
    const int64_t rest = plan_.regions.samples % slab;
    const SlabBody whole = body(nodes, slab);
    if (whole.results.empty()) return false;
    const Graph remainder = rest > 0 ? remainder_of(nodes, rest) : Graph{};
    for (const Graph* graph : {&whole.graph, &remainder})
      if (const auto node = declined(*graph)) {
        remark(nodes, fmt::format("no loop: the target cannot run {} on a part of the batch", *node));
        return false;
      }
    append_loop(whole, slab, rest > 0 ? std::make_shared<const Graph>(remainder) : Body());
    return formed_ = true;
  }

  void append_loop(const SlabBody& whole, int64_t slab, const Body& remainder) {
    const int64_t slabs = (plan_.regions.samples + slab - 1) / slab;
    const bool sums = std::ranges::count(whole.summed, true) > 0;
    const int64_t lanes = sums ? std::min(options_.slabs.lanes, slabs) : slabs;
    Ints accumulated;
    std::vector<Type> types;
    for (size_t i = 0; i < whole.results.size(); ++i) {
      types.push_back(graph_.type(whole.results[i]));
      if (!whole.summed[i]) continue;
      accumulated.push_back(static_cast<int64_t>(i));
      types[i].shape.insert(types[i].shape.begin(), lanes);
      types[i].layout = types[i].layout.stacked();
    }
    Node loop{OpKind::slab_loop,
              Attributes(OpKind::slab_loop, {{"slab", slab},
                                             {"lanes", lanes},
                                             {"accumulated", accumulated},
                                             {"body", std::make_shared<const Graph>(whole.graph)},
                                             {"remainder", remainder}}),
              {},
              {},
              {}};
    for (const ValueId id : whole.operands) loop.operands.push_back(copy_[id].id());
    const auto results = copy_.graph().append_typed(std::move(loop), types);
    for (size_t i = 0; i < results.size(); ++i) {
      const ValueId old = whole.results[i];
      copy_.replace(old, whole.summed[i] ? sum_of_lanes(results[i], old, whole.scale[i]) : results[i]);
    }
  }

  Value sum_of_lanes(Value lanes, ValueId old, double scale) {
    const Type& type = graph_.type(old);
    const std::string& source = graph_.node(graph_.info(old).node).source;
    Graph& to = copy_.graph();
    const Node sum{OpKind::sum, Attributes(OpKind::sum, {{"axes", Ints{0}}}), {lanes.id()}, {}, source};
    const Value total = to.append_typed(sum, {&type, 1})[0];
    if (scale == 1) return total;
    const Value factor = to.scalar(type.dtype, scale);
    const Node mul{OpKind::mul, Attributes(OpKind::mul), {total.id(), factor.id()}, {}, source};
    return to.append_typed(mul, {&type, 1})[0];
  }

  const Graph& graph_;
  const PassOptions& options_;
  SlabPlan plan_;
  GraphCopy copy_;
  bool formed_ = false;
};

}  // namespace

bool form_slab_loops(Graph& graph, const PassOptions& given) {
  for (const ValueInfo& value : graph.values())
    if (!is_concrete(value.type.shape))
      fail_input("graph \"{}\" has a value of type {}; form_slab_loops needs numbers for sizes", graph.name,
                 to_string(value.type));
  std::optional<TargetMemo> memo;
  PassOptions options = given;
  if (options.target) options.target = &memo.emplace(*options.target);
  LoopFormer former(graph, options);
  if (!former.run()) return false;
  graph = former.finish();
  remove_dead_nodes(graph, {});  // constants that only bodies have now
  return true;
}

}  // namespace sinter
