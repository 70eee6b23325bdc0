#include <limits>

#include "backends/jit/lowering.h"
#include "backends/jit/planes.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

class PoolWriter {
 public:
  PoolWriter(const Graph& graph, const Node& node)
      : node_(node),
        x_type_(graph.type(node.operands[0])),
        y_type_(graph.type(node.results[0])),
        k_{std::string(to_string(node.op))},
        windows_(node.attributes, x_type_, y_type_),
        x_(value("x", x_type_, 0)),
        y_(value("y", y_type_, 1)) {
    if (node.results.size() > 1) argmax_.emplace(value("argmax", graph.type(node.results[1]), 2));
    argmax_type_ = argmax_ ? graph.type(node.results[1]).dtype : DType::i32;
  }

  // Rows are shared out too where planes are few.
  Kernel write() {
    constexpr int64_t few_planes = 16;
    const bool samples = !x_type_.layout.is_plain() || !y_type_.layout.is_plain();
    const int64_t n = x_type_.shape[0].size, c = x_type_.shape[1].size, rows = windows_.h().output;
    std::vector<std::pair<std::string, int64_t>> extents = {{"plane", n * c}};
    if (samples) extents = {{"block", batch_blocks(n)}, {"c", c}};
    const bool few = (samples ? batch_blocks(n) * c : n * c) < few_planes;
    if (few) extents.emplace_back("p", rows);
    const auto at = k_.parallel(extents);
    PlaneSite site{samples ? PlaneLanes::samples : PlaneLanes::columns, at[0], samples ? at[1] : Index(0), 0,
                   0};
    const auto row = [&](Index p) {
      site.p = std::move(p);
      windows_.over_row(k_, site, [&](const PlaneSite& window) { write(window); });
    };
    few ? row(at.back()) : k_.loop("p", 0, rows, row);
    return k_.finish();
  }

 private:
  PlaneValue value(const char* name, const Type& type, size_t position) {
    return {k_, k_.argument(name, type, position), type};
  }

  Expr number(double value, const PlaneSite& site) { return k_.number(x_type_.dtype, value, site.vector()); }

  void write(const PlaneSite& site) {
    node_.op == OpKind::avg_pool2d ? write_average(site) : write_largest(site);
  }

  // From the last tap to the first: what is not smaller takes over, so that the first of equals stays; and so
  // does every NaN.
  void write_largest(const PlaneSite& site) {
    const TileHandle best = k_.tile("best", x_type_.dtype, site.vector(), {});
    best.set({}, number(-std::numeric_limits<double>::infinity(), site));
    if (!argmax_) {
      over_values(site, [&](Expr x, const Index&) { best.set({}, maximum(x, best())); });
      return store(y_, site, best());
    }
    const TileHandle where = k_.tile("where", DType::i32, site.vector(), {});
    where.set({}, k_.number(DType::i32, 0, site.vector()));
    over_values(site, [&](Expr loaded, const Index& tap) {
      const Expr x = k_.let("x", loaded);
      const Expr takes_over =
          k_.let("takes_over", k_.apply(Op::logical_or, {k_.apply(Op::greater_equal, {x, best()}),
                                                         k_.apply(Op::not_equal, {x, x})}));
      best.set({}, select(takes_over, x, best()));
      where.set({}, select(takes_over, k_.index(DType::i32, tap), where()));
    });
    store(y_, site, best());
    store(*argmax_, site, k_.cast(where(), argmax_type_));
  }

  void write_average(const PlaneSite& site) {
    const bool all = node_.attributes.boolean("count_include_pad") || !windows_.has_padding();
    const TileHandle total = k_.tile("total", x_type_.dtype, site.vector(), {});
    const TileHandle count = k_.tile("count", x_type_.dtype, false, {});
    total.set({}, number(0, site));
    if (!all) count.set({}, k_.number(x_type_.dtype, 0, false));
    over_values(site, [&](Expr x, const Index&) {
      total.set({}, total() + x);
      if (!all) count.set({}, count() + k_.number(x_type_.dtype, 1, false));
    });
    const auto taps = static_cast<double>(windows_.h().kernel * windows_.w().kernel);
    store(y_, site, all ? total() * number(1 / taps, site) : total() / count());
  }

  void over_values(const PlaneSite& site, const std::function<void(Expr, const Index&)>& body) {
    windows_.over_taps(k_, site, [&](const PoolWindows::Tap& tap) {
      body(x_.load(site, tap.row, tap.column, windows_.w().stride), tap.number);
    });
  }

  void store(const PlaneValue& to, const PlaneSite& site, Expr value) {
    to.store(site, site.p, site.q, 1, value);
  }

  const Node& node_;
  Type x_type_, y_type_;
  DType argmax_type_;
  KernelBuilder k_;
  PoolWindows windows_;
  PlaneValue x_, y_;
  std::optional<PlaneValue> argmax_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  if (x.dtype != DType::f32 && x.dtype != DType::f64) return {};
  const Layout plain, blocked = batch_blocked(4);
  std::vector<Implementation> ways;
  for (const auto& [from, to] : {std::pair{plain, plain}, {blocked, blocked}, {plain, blocked}})
    ways.push_back({{from},
                    std::vector<Layout>(node.results.size(), to),
                    pool_seconds(node.attributes, x, y, from, to)});
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  return {{PoolWriter(graph, node).write()}, 0};
}

}  // namespace

const Lowering pooling_lowering = {implementations, lower};

}  // namespace sinter::jit
