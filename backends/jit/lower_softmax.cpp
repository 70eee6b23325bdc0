#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/softmax_row.h"
#include "ir/op_table.h"
#include "ir/ops/axis.h"

namespace sinter::jit {
namespace {

size_t axis_of(const Node& node, const Type& x) {
  return ops::resolved_axis(node.attributes.integer("axis"), x.shape.size());
}

// Lanes are rows where these lie side by side or are many and short; else elements of one row.
Nest::LaneChoice lanes_of(const Type& x, const Type& y, size_t axis) {
  constexpr int64_t short_row = 64;
  int64_t behind = 1;
  for (size_t d = axis + 1; d < x.shape.size(); ++d) behind *= x.shape[d].size;
  const int64_t size = x.shape[axis].size, rows = element_count(x.shape) / size;
  const bool blocked = !x.layout.is_plain() || !y.layout.is_plain();
  const bool kept = blocked || behind > 1 || (rows >= vector_size && size < short_row);
  return kept ? Nest::LaneChoice::kept : Nest::LaneChoice::reduced;
}

Nest nest_of(const Node& node, const Type& x, const Type& y) {
  const size_t axis = axis_of(node, x);
  std::vector<bool> reduced(x.shape.size(), false);
  reduced[axis] = true;
  return {sizes(x.shape), {view_of(y), view_of(x)}, reduced, lanes_of(x, y, axis)};
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  Type x = graph.type(node.operands[0]), y = graph.type(node.results[0]);
  if (x.dtype != DType::f32) return {};
  std::vector<Layout> layouts = {Layout{}};
  if (axis_of(node, x) != 0) layouts.push_back(batch_blocked(x.shape.size()));
  std::vector<Implementation> ways;
  for (const Layout& from : layouts)
    for (const Layout& to : layouts) {
      constexpr double vector_seconds = 9e-9;  // an exponential and three walks
      x.layout = from;
      y.layout = to;
      const auto bytes = static_cast<double>(x.bytes() + y.bytes());
      ways.push_back({{from}, {to}, nest_seconds(nest_of(node, x, y), bytes, vector_seconds)});
    }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  constexpr double element_work = 20;
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  const bool logarithm = node.op == OpKind::log_softmax;
  const size_t axis = axis_of(node, x);
  KernelBuilder k{std::string(to_string(node.op))};
  const BufferId from = k.argument("x0", x, 0), to = k.argument("y1", y, 1);
  Nest nest = nest_of(node, x, y);
  SoftmaxRow row(k, nest, axis, x.shape[axis].size,
                 logarithm ? SoftmaxRow::Holds::shifted : SoftmaxRow::Holds::exponentials);
  nest.over_kept(k, element_work, [&] {
    row.read(from, 1);
    const Expr one = k.number(DType::f32, 1, row.sum().is_vector());
    const Expr norm = k.let("norm", logarithm ? k.apply(Op::logarithm, {row.sum()}) : one / row.sum());
    nest.over_reduced(k, [&] { nest.store(k, to, 0, logarithm ? row.value() - norm : row.value() * norm); });
  });
  return {{k.finish()}, 0};
}

}  // namespace

const Lowering softmax_lowering = {implementations, lower};

}  // namespace sinter::jit
