#include "passes/assign_layouts.h"

#include "ir/copy.h"
#include "passes/layout_search.h"
#include "passes/slab_target.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

// Puts the choice into the graph.
class Rewriter {
 public:
  Rewriter(const Graph& graph, const LayoutChoices& choices, const LayoutPlan& plan)
      : graph_(graph),
        choices_(choices),
        plan_(plan),
        copy_(graph, [this](ValueId id) { return laid_out(id); }) {}

  Graph run() {
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id) append(id);
    for (const GraphResult& result : graph_.results()) {
      const auto stored_in = result.stored_in.valid() ? std::optional(copy_[result.stored_in]) : std::nullopt;
      copy_.graph().at({.node = result.name});
      const Layout wanted = result.stored_in.valid() ? layout_of(result.stored_in) : Layout{};
      copy_.graph().add_result(in_layout(result.value, wanted), result.name, stored_in);
    }
    return copy_.take();
  }

 private:
  const Layout& layout_of(ValueId id) const { return choices_.layouts[plan_.made(id)]; }
  Type laid_out(ValueId id) const { return {graph_.type(id).dtype, graph_.type(id).shape, layout_of(id)}; }

  Value in_layout(ValueId old, const Layout& wanted) {
    const Value made = copy_[old];
    if (made.type().layout == wanted) return made;
    for (const auto& [value, layout, reordered] : reorders_)
      if (value == old && layout == wanted) return copy_.graph().value(reordered);
    const Type type{made.dtype(), made.shape(), wanted};
    const Node node{
        OpKind::reorder, Attributes(OpKind::reorder), {made.id()}, {}, copy_.graph().location().node};
    const Value reordered = copy_.graph().append_typed(node, {&type, 1})[0];
    reorders_.push_back({old, wanted, reordered.id()});
    return reordered;
  }

  void append(NodeId id) {
    const Node& old = graph_.node(id);
    const LayoutWay& way = plan_.way(id);
    copy_.graph().at({.node = old.source});
    Node node = old;
    for (size_t i = 0; i < node.operands.size(); ++i)
      if (old.operands[i].valid())
        node.operands[i] = in_layout(old.operands[i], choices_.layouts[way.operands[i]]).id();
    std::vector<Type> types;
    for (const ValueId result : old.results) types.push_back(laid_out(result));
    const auto results = copy_.graph().append_typed(std::move(node), types);
    for (size_t i = 0; i < results.size(); ++i) copy_.replace(old.results[i], results[i]);
  }

  struct Reordered {
    ValueId old;
    Layout layout;
    ValueId reordered;
  };

  const Graph& graph_;
  const LayoutChoices& choices_;
  const LayoutPlan& plan_;
  GraphCopy copy_;
  std::vector<Reordered> reorders_;
};

}  // namespace

bool assign_layouts(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("assign_layouts asks a backend what it likes; there is none");
  for (const ValueInfo& value : graph.values())
    if (!is_concrete(value.type.shape) || !value.type.layout.is_plain())
      fail_input(
          "graph \"{}\" has a value of type {}; assign_layouts needs numbers for sizes and plain layouts",
          graph.name, to_string(value.type));
  const TargetMemo memo(*options.target);
  std::optional<SlabTarget> slabs;
  if (options.loops_follow) slabs.emplace(memo, graph, options);
  const Target& target = slabs ? static_cast<const Target&>(*slabs) : memo;
  const LayoutChoices choices = find_layout_choices(graph, target);
  Graph laid_out = Rewriter(graph, choices, find_layout_plan(graph, target, choices)).run();
  if (laid_out == graph) return false;
  graph = std::move(laid_out);
  return true;
}

}  // namespace sinter
