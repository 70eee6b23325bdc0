#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/nest.h"
#include "ir/ops/axis.h"

// concat, slice and its gradient: values along one axis of a larger one.
namespace sinter::jit {
namespace {

// A value within a larger one: its indices along the axis are start, start + step and so on there.
struct Part {
  size_t axis = 0;
  int64_t start = 0, step = 1;
};

int dimension_in_blocks(const Layout& layout) {
  return layout.blocks().empty() ? -1 : layout.blocks()[0].dimension;
}

// A part lies in whole blocks of the larger value, the last perhaps not full.
bool fits(const Layout& layout, const Part& part) {
  return dimension_in_blocks(layout) != static_cast<int>(part.axis) ||
         (part.step == 1 && part.start % vector_size == 0);
}

// The larger value as loops over a part see it, and how far from its beginning they start.
View view_of_part(const Type& whole, const Part& part) {
  View view = view_of(whole);
  view[part.axis].stride *= part.step;
  return view;
}

int64_t offset_of(const Type& whole, const Part& part) {
  const Step step = view_of(whole)[part.axis];
  return step.block_stride == 0 ? part.start * step.stride : part.start / vector_size * step.block_stride;
}

Nest nest_of(const Type& part_type, const Type& whole, const Part& part, bool part_leads) {
  const View own = view_of(part_type), within = view_of_part(whole, part);
  const auto shape = sizes(part_type.shape);
  return part_leads ? Nest(shape, {own, within}) : Nest(shape, {within, own});
}

size_t axis_of(const Graph& graph, const Node& node) {
  return ops::resolved_axis(node.attributes.integer("axis"), graph.type(node.results[0]).shape.size());
}

Part slice_part(const Graph& graph, const Node& node) {
  return {axis_of(graph, node), node.attributes.integer("start"), node.attributes.integer("step")};
}

// Where each operand of concat lies in the result.
std::vector<Part> concat_parts(const Graph& graph, const Node& node) {
  const size_t axis = axis_of(graph, node);
  std::vector<Part> parts;
  int64_t start = 0;
  for (const ValueId id : node.operands) {
    parts.push_back({axis, start, 1});
    start += graph.type(id).shape[axis].size;
  }
  return parts;
}

std::vector<Part> parts_of(const Graph& graph, const Node& node) {
  return node.op == OpKind::concat ? concat_parts(graph, node) : std::vector<Part>{slice_part(graph, node)};
}

// All values of a node lie in the same way.
std::vector<Layout> common_layouts(const Graph& graph, const Node& node, std::span<const Layout> offered) {
  const size_t rank = graph.type(node.results[0]).shape.size();
  std::vector<Layout> layouts = {Layout{}};
  if (rank > 0) layouts.push_back(batch_blocked(rank));
  for (const Layout& layout : offered)
    if (can_view(layout) && layout.order().size() == rank &&
        std::ranges::find(layouts, layout) == layouts.end())
      layouts.push_back(layout);
  const std::vector<Part> parts = parts_of(graph, node);
  std::erase_if(layouts, [&](const Layout& layout) {
    return !std::ranges::all_of(parts, [&](const Part& part) { return fits(layout, part); });
  });
  return layouts;
}

Type laid(Type type, const Layout& layout) {
  type.layout = layout;
  return type;
}

double seconds(const Graph& graph, const Node& node, const Layout& layout) {
  double sum = 0;
  const auto add = [&](const Type& part, const Type& whole, const Part& place, bool part_leads) {
    sum += nest_seconds(nest_of(laid(part, layout), laid(whole, layout), place, part_leads),
                        2 * static_cast<double>(part.bytes()), 0);
  };
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  const std::vector<Part> parts = parts_of(graph, node);
  if (node.op == OpKind::slice) add(y, x, parts[0], true);
  if (node.op == OpKind::slice_backward) add(x, y, parts[0], false);
  if (node.op == OpKind::slice_backward)
    sum += static_cast<double>(y.bytes()) / bytes_per_second + call_seconds;
  if (node.op == OpKind::concat)
    for (size_t i = 0; i < parts.size(); ++i) add(graph.type(node.operands[i]), y, parts[i], false);
  return sum;
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  std::vector<Implementation> ways;
  for (const Layout& layout : common_layouts(graph, node, offered))
    ways.push_back(
        {std::vector<Layout>(node.operands.size(), layout), {layout}, seconds(graph, node, layout)});
  return ways;
}

// Reads a part of x.
Kernel slice(const Type& x, const Type& y, const Part& part) {
  KernelBuilder k{"slice"};
  const BufferId from = k.argument("x0", x, 0), to = k.argument("y1", y, 1);
  Nest nest = nest_of(y, x, part, true);
  nest.over_kept(k, 1, [&] {
    Access access = nest.access(from, 1);
    access.index += offset_of(x, part);
    nest.store(k, to, 0, k.load(access, nest.vector()));
  });
  return k.finish();
}

// Writes a part of y, which is the operand at `position` of so many.
Kernel place(std::string name, const Type& x, const Type& y, const Part& part, size_t position,
             size_t operands) {
  KernelBuilder k{std::move(name)};
  const BufferId from = k.argument(fmt::format("x{}", position), x, position),
                 to = k.argument(fmt::format("y{}", operands), y, operands);
  Nest nest = nest_of(x, y, part, false);
  nest.over_kept(k, 1, [&] { nest.store(k, to, 0, nest.load(k, from, 1), offset_of(y, part)); });
  return k.finish();
}

Kernel zeros(const Type& y) {
  KernelBuilder k{"slice_backward_zeros"};
  const BufferId to = k.argument("y1", y, 1);
  Nest nest(sizes(y.shape), {view_of(y)});
  nest.over_kept(k, 1, [&] { nest.store(k, to, 0, k.number(y.dtype, 0, nest.vector())); });
  return k.finish();
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  const std::vector<Part> parts = parts_of(graph, node);
  if (node.op == OpKind::slice) return {{slice(x, y, parts[0])}, 0};
  if (node.op == OpKind::slice_backward)
    return {{zeros(y), place("slice_backward", x, y, parts[0], 0, 1)}, 0};
  Lowered lowered;
  for (size_t i = 0; i < parts.size(); ++i)
    lowered.kernels.push_back(
        place("concat", graph.type(node.operands[i]), y, parts[i], i, node.operands.size()));
  return lowered;
}

}  // namespace

const Lowering part_lowering = {implementations, lower};

}  // namespace sinter::jit
