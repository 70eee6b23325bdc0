#include <limits>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/nest.h"
#include "ir/op_table.h"
#include "ir/ops/axis.h"

namespace sinter::jit {
namespace {

size_t axis_of(const Node& node, const Type& x) {
  return ops::resolved_axis(node.attributes.integer("axis"), x.shape.size());
}

Nest nest_of(const Node& node, const Type& x, const Type& y) {
  const size_t axis = axis_of(node, x), rank = x.shape.size();
  std::vector<bool> reduced(rank, false);
  reduced[axis] = true;
  View to = view_of(y);
  if (to.size() < rank) to.insert(to.begin() + static_cast<std::ptrdiff_t>(axis), Step{0});
  to[axis] = {0};
  return {sizes(x.shape), {view_of(x), std::move(to)}, reduced, Nest::LaneChoice::kept};
}

double least_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
    case DType::u8:
      return 0;
    case DType::i8:
      return std::numeric_limits<int8_t>::min();
    case DType::i32:
      return std::numeric_limits<int32_t>::min();
    case DType::i64:
      return static_cast<double>(std::numeric_limits<int64_t>::min());
    default:
      return -std::numeric_limits<double>::infinity();
  }
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  Type x = graph.type(node.operands[0]);
  const Type& y = graph.type(node.results[0]);
  if (!has_reference_arithmetic(x.dtype)) return {};
  std::vector<Implementation> ways;
  for (const Layout& layout : {Layout{}, batch_blocked(x.shape.size())}) {
    constexpr double vector_seconds = 1e-9;
    x.layout = layout;
    const auto bytes = static_cast<double>(x.bytes() + y.bytes());
    ways.push_back({{layout}, {Layout{}}, nest_seconds(nest_of(node, x, y), bytes, vector_seconds)});
  }
  return ways;
}

// Larger than the best so far, or the first NaN: from the least number at index 0 on, the first of equals
// stays.
Expr is_better(Expr value, Expr best) {
  KernelBuilder& k = value.builder();
  if (value.dtype() != DType::f32 && value.dtype() != DType::f64) return k.apply(Op::greater, {value, best});
  return k.apply(Op::logical_and, {k.apply(Op::logical_not, {k.apply(Op::less_equal, {value, best})}),
                                   k.apply(Op::equal, {best, best})});
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  KernelBuilder k{std::string(to_string(node.op))};
  const BufferId from = k.argument("x0", x, 0), to = k.argument("y1", y, 1);
  Nest nest = nest_of(node, x, y);
  nest.over_kept(k, 2, [&] {
    const TileHandle best = k.tile("best", x.dtype, nest.vector(), {});
    const TileHandle where = k.tile("where", DType::i32, nest.vector(), {});
    best.set({}, k.number(x.dtype, least_of(x.dtype), nest.vector()));
    where.set({}, k.number(DType::i32, 0, nest.vector()));
    nest.over_reduced(k, [&] {
      const Expr value = k.let("value", nest.load(k, from, 0));
      const Expr better = k.let("better", is_better(value, best()));
      best.set({}, select(better, value, best()));
      where.set({}, select(better, k.index(DType::i32, nest.position(axis_of(node, x))), where()));
    });
    nest.store(k, to, 1, k.cast(where(), DType::i64));
  });
  return {{k.finish()}, 0};
}

}  // namespace

const Lowering argmax_lowering = {implementations, lower};

}  // namespace sinter::jit
