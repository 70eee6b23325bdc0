#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/nest.h"
#include "backends/jit/transposition.h"
#include "ir/op_table.h"

// Ops that move elements and compute nothing.
namespace sinter::jit {
namespace {

// x and y as loops over one shape see them.
struct Copy {
  std::vector<int64_t> shape;
  View x, y;
};

bool same_batch(const Type& x, const Type& y) {
  return !x.shape.empty() && !y.shape.empty() && x.shape[0] == y.shape[0];
}

// Memory order is equal: plain values, and blocks of samples whose elements keep their order.
bool is_straight(const Type& x, const Type& y) {
  if (x.layout.is_plain() && y.layout.is_plain()) return true;
  return same_batch(x, y) && x.layout == batch_blocked(x.shape.size()) &&
         y.layout == batch_blocked(y.shape.size());
}

Copy straight(const Type& x) {
  const int64_t elements = x.bytes() / size_of(x.dtype);
  return {{elements}, {{1}}, {{1}}};
}

// Elements keep their plain order: the side that is plain takes the other's shape.
Copy reshaped(const Type& x, const Type& y) {
  if (is_straight(x, y)) return straight(x);
  const Type& shaped = x.layout.is_plain() ? y : x;
  const Type plain{shaped.dtype, shaped.shape, {}};
  const View own = view_of(shaped), other = view_of(plain);
  return {sizes(shaped.shape), x.layout.is_plain() ? other : own, x.layout.is_plain() ? own : other};
}

Copy copy_of(const Node& node, const Type& x, const Type& y) {
  if (node.op == OpKind::flatten || node.op == OpKind::reshape) return reshaped(x, y);
  if (x.layout == y.layout && x.shape == y.shape && node.op != OpKind::transpose) return straight(x);
  Copy copy{sizes(y.shape), {}, view_of(y)};
  if (node.op == OpKind::transpose)
    for (const int64_t from : node.attributes.ints("permutation")) copy.x.push_back(view_of(x)[from]);
  else
    copy.x = broadcast_view(x, y.shape.size());
  return copy;
}

// Where what lies together in x lies apart in y, in tiles of sixteen by sixteen.
Nest nest_of(const Copy& copy) {
  Nest nest(copy.shape, {copy.y, copy.x});
  nest.tile_along(1);
  return nest;
}

// Plain, the blocks that kernels of this backend like, and what neighbours like.
std::vector<Layout> layouts_for(const Type& type, std::span<const Layout> offered) {
  std::vector<Layout> layouts = {Layout{}};
  if (type.shape.empty()) return layouts;
  layouts.push_back(batch_blocked(type.shape.size()));
  for (const Layout& layout : offered)
    if (can_view(layout) && layout.order().size() == type.shape.size() &&
        std::ranges::find(layouts, layout) == layouts.end())
      layouts.push_back(layout);
  return layouts;
}

bool can_copy(const Node& node, const Type& x, const Type& y) {
  const bool plain = x.layout.is_plain() || y.layout.is_plain();
  switch (node.op) {
    case OpKind::reorder:
      return true;
    case OpKind::transpose:
      return x.layout.is_plain() && y.layout.is_plain();
    case OpKind::broadcast_to:
      return x.layout.is_plain() || (x.layout == y.layout && x.shape.size() == y.shape.size());
    default:
      return plain || is_straight(x, y);
  }
}

// Of elements that keep their order, whose kernel has nothing to do where x and y are in one place.
bool may_stay(const Copy& copy, const Type& x, const Type& y) {
  return copy.shape.size() == 1 && is_straight(x, y);
}

double seconds(const Node& node, const Type& x, const Type& y) {
  const Copy copy = copy_of(node, x, y);
  // The memory plan leaves them in one place wherever nobody else reads x, which is nearly always.
  if (node.op != OpKind::reorder && may_stay(copy, x, y)) return call_seconds;
  const Nest nest = nest_of(copy);
  return nest_seconds(nest, static_cast<double>(x.bytes() + y.bytes()), 0);
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  Type x = graph.type(node.operands[0]), y = graph.type(node.results[0]);
  std::vector<Implementation> ways;
  for (const Layout& from : layouts_for(x, offered))
    for (const Layout& to : layouts_for(y, offered)) {
      x.layout = from;
      y.layout = to;
      if (can_copy(node, x, y)) ways.push_back({{from}, {to}, seconds(node, x, y)});
    }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  KernelBuilder k{std::string(to_string(node.op))};
  const BufferId from = k.argument("x0", x, 0), to = k.argument("y1", y, 1);
  const Copy copy = copy_of(node, x, y);
  if (may_stay(copy, x, y)) k.idle_where_same(from, to);
  Nest nest = nest_of(copy);
  nest.over_kept(k, 1, [&] {
    if (!nest.is_tiled()) return nest.store(k, to, 0, nest.load(k, from, 1));
    const TileHandle tile = k.tile("tile", x.dtype, true, {vector_size});
    nest.load_tile(k, from, 1, tile);
    transpose(k, tile);
    nest.store_tile(k, to, tile);
  });
  return {{k.finish()}, 0};
}

}  // namespace

const Lowering copy_lowering = {implementations, lower};

}  // namespace sinter::jit
