#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/nest.h"

// The one activation with an operand of its own along dimension 1, where broadcasting would align the last.
namespace sinter::jit {
namespace {

View weight_view(const Type& x, const Type& weight) {
  View view(x.shape.size(), Step{0});
  if (element_count(weight.shape) > 1) view[1] = {1};
  return view;
}

// x and y lie alike.
Nest nest_of(const Type& x, const Type& weight) {
  return {sizes(x.shape), {view_of(x), weight_view(x, weight)}};
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  constexpr double vector_seconds = 0.6e-9;
  Type x = graph.type(node.operands[0]);
  if (!has_reference_arithmetic(x.dtype)) return {};
  std::vector<Layout> layouts = {Layout{}};
  if (!x.shape.empty()) layouts.push_back(batch_blocked(x.shape.size()));
  for (const Layout& layout : offered)
    if (can_view(layout) && layout.order().size() == x.shape.size() &&
        std::ranges::find(layouts, layout) == layouts.end())
      layouts.push_back(layout);
  std::vector<Implementation> ways;
  for (const Layout& layout : layouts) {
    x.layout = layout;
    const Nest nest = nest_of(x, graph.type(node.operands[1]));
    ways.push_back({{layout, Layout{}},
                    {layout},
                    nest_seconds(nest, 2 * static_cast<double>(x.bytes()), vector_seconds)});
  }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  const Type &x = graph.type(node.operands[0]), &weight = graph.type(node.operands[1]);
  KernelBuilder k("prelu");
  const BufferId from = k.argument("x0", x, 0), slopes = k.argument("x1", weight, 1),
                 to = k.argument("y2", graph.type(node.results[0]), 2);
  Nest nest = nest_of(x, weight);
  nest.over_kept(k, 1, [&] {
    const Expr value = k.let("x", nest.load(k, from, 0)), slope = k.let("slope", nest.load(k, slopes, 1));
    const Expr zero = k.number(x.dtype, 0, value.is_vector());
    nest.store(k, to, 0, select(k.apply(Op::greater, {value, zero}), value, slope * value));
  });
  return {{k.finish()}, 0};
}

}  // namespace

const Lowering prelu_lowering = {implementations, lower};

}  // namespace sinter::jit
