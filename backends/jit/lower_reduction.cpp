#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/sum.h"
#include "ir/op_table.h"
#include "ir/ops/axis.h"

// Sums and means, global average pooling, mean squared error.
namespace sinter::jit {
namespace {

std::vector<bool> reduced_dimensions(const Node& node, const Type& x, const Type& y) {
  const size_t rank = x.shape.size();
  if (node.op == OpKind::global_avg_pool2d) return {false, false, true, true};
  if (node.op == OpKind::mse_loss)
    return std::vector<bool>(rank, node.attributes.word("reduction") != "none");
  std::vector<bool> reduced(rank, false);
  if (node.op == OpKind::sum_to) {
    const size_t lacks = rank - y.shape.size();
    for (size_t d = 0; d < rank; ++d) reduced[d] = d < lacks || y.shape[d - lacks] != x.shape[d];
    return reduced;
  }
  const Ints& axes = node.attributes.ints("axes");
  for (const int64_t axis : axes) reduced[ops::resolved_axis(axis, rank)] = true;
  return axes.empty() ? std::vector<bool>(rank, true) : reduced;
}

// The result stays where it is along what is summed; such dimensions it has with size 1 or lacks.
View result_view(const Type& y, const std::vector<bool>& reduced, bool aligned_last) {
  const View own = view_of(y);
  const size_t rank = reduced.size(), lacks = rank - own.size();
  View view;
  size_t next = 0;
  for (size_t d = 0; d < rank; ++d) {
    const bool has = own.size() == rank || (aligned_last ? d >= lacks : !reduced[d]);
    const Step step = has ? own[next++] : Step{0};
    view.push_back(reduced[d] ? Step{0} : step);
  }
  return view;
}

double scale_of(const Node& node, const Type& x, const Type& y) {
  const bool mean = node.op == OpKind::mean || node.op == OpKind::global_avg_pool2d ||
                    (node.op == OpKind::mse_loss && node.attributes.word("reduction") == "mean");
  return mean ? static_cast<double>(element_count(y.shape)) / static_cast<double>(element_count(x.shape)) : 1;
}

Expr squared_error(std::span<const Expr> x) {
  const Expr difference = x[0].builder().let("difference", x[0] - x[1]);
  return difference * difference;
}

// Tensors one behind the other, each as the result lies: a loop's lanes.
bool sums_tensors(const Node& node, const Type& x, const Type& y) {
  return node.op == OpKind::sum && node.attributes.ints("axes") == Ints{0} &&
         !node.attributes.boolean("keepdims") && !y.shape.empty() && x.layout == y.layout.stacked();
}

// In memory order, whatever the layout.
Sum sum_of_tensors(const Node& node, const Type& x, const Type& y) {
  const int64_t elements = y.bytes() / size_of(y.dtype);
  Sum sum{.name = std::string(to_string(node.op)), .shape = {x.shape[0].size, elements}};
  sum.reduced = {true, false};
  sum.operands.push_back(argument_of(x, {{elements}, {1}}, 0));
  sum.term = [](std::span<const Expr> terms) { return terms[0]; };
  sum.result = argument_of(y, {{0}, {1}}, 1);
  return sum;
}

// Zeros that fill up blocks add nothing: sums run over them, too.
Sum sum_of(const Node& node, const Type& x, const Type& y) {
  if (sums_tensors(node, x, y)) return sum_of_tensors(node, x, y);
  Sum sum{.name = std::string(to_string(node.op)), .shape = sizes(x.shape)};
  sum.reduced = reduced_dimensions(node, x, y);
  const View view = view_of(x);
  for (size_t d = 0; d < view.size(); ++d)
    if (sum.reduced[d] && view[d].block_stride != 0) sum.shape[d] = x.layout.padded(sum.shape)[d];
  const bool squares = node.op == OpKind::mse_loss;
  sum.operands.push_back(argument_of(x, view, 0));
  if (squares) sum.operands.push_back(argument_of(x, view, 1));
  sum.term = squares ? squared_error : [](std::span<const Expr> terms) { return terms[0]; };
  sum.result = argument_of(y, result_view(y, sum.reduced, node.op == OpKind::sum_to), sum.operands.size());
  sum.scale = scale_of(node, x, y);
  return sum;
}

// What a sum of tensors is offered: the layouts of one of them.
std::vector<Implementation> sums_of_tensors(const Node& node, Type x, Type y,
                                            std::span<const Layout> offered) {
  std::vector<Implementation> ways;
  for (const Layout& layout : offered) {
    if (layout.is_plain() || layout.is_opaque() || layout.order().size() != y.shape.size()) continue;
    x.layout = layout.stacked();
    y.layout = layout;
    if (sums_tensors(node, x, y))
      ways.push_back({{x.layout}, {layout}, sum_seconds(sum_of_tensors(node, x, y))});
  }
  return ways;
}

// How y may lie where x lies so.
std::vector<Layout> result_layouts(const Node& node, const Type& x, const Type& y) {
  if (node.op == OpKind::mse_loss && y.shape.size() == x.shape.size()) return {x.layout};
  std::vector<Layout> layouts = {Layout{}};
  const bool keeps_samples = !y.shape.empty() && !reduced_dimensions(node, x, y)[0] &&
                             y.shape[0] == x.shape[0] && node.op != OpKind::sum_to;
  if (keeps_samples && x.layout == batch_blocked(x.shape.size()))
    layouts.push_back(batch_blocked(y.shape.size()));
  return layouts;
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  Type x = graph.type(node.operands[0]), y = graph.type(node.results[0]);
  if (!has_reference_arithmetic(x.dtype)) return {};
  std::vector<Layout> layouts = {Layout{}};
  if (!x.shape.empty()) layouts.push_back(batch_blocked(x.shape.size()));
  for (const Layout& layout : offered)
    if (can_view(layout) && layout.order().size() == x.shape.size() &&
        std::ranges::find(layouts, layout) == layouts.end())
      layouts.push_back(layout);
  std::vector<Implementation> ways = sums_of_tensors(node, x, y, offered);
  for (const Layout& layout : layouts) {
    x.layout = layout;
    for (const Layout& to : result_layouts(node, x, y)) {
      y.layout = to;
      ways.push_back(
          {std::vector<Layout>(node.operands.size(), layout), {to}, sum_seconds(sum_of(node, x, y))});
    }
  }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  Lowered lowered;
  append_sum(lowered, sum_of(node, graph.type(node.operands[0]), graph.type(node.results[0])));
  for (Kernel& kernel : lowered.kernels)
    kernel.scratch_argument = static_cast<int64_t>(node.operands.size() + node.results.size());
  return lowered;
}

}  // namespace

const Lowering reduction_lowering = {implementations, lower};

}  // namespace sinter::jit
