#include <algorithm>

#include "backends/jit/lowering.h"
#include "backends/jit/planes.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

// Windows that tile x write each of its elements once; others add to what was filled with zeros.
class PoolBackwardWriter {
 public:
  PoolBackwardWriter(const Graph& graph, const Node& node)
      : node_(node),
        dy_type_(graph.type(node.operands[0])),
        dx_type_(graph.type(node.results[0])),
        k_{std::string(to_string(node.op))},
        windows_(node.attributes, dx_type_, dy_type_),
        dy_(value("dy", dy_type_, 0)),
        dx_(value("dx", dx_type_, node.operands.size())) {
    if (node.operands.size() > 1) argmax_.emplace(value("argmax", graph.type(node.operands[1]), 1));
  }

  Kernel write() {
    const bool samples = !dx_type_.layout.is_plain();
    const int64_t n = dx_type_.shape[0].size, c = dx_type_.shape[1].size;
    std::vector<std::pair<std::string, int64_t>> extents = {{"plane", n * c}};
    if (samples) extents = {{"block", batch_blocks(n)}, {"c", c}};
    const auto at = k_.parallel(extents);
    PlaneSite site{samples ? PlaneLanes::samples : PlaneLanes::columns, at[0], samples ? at[1] : Index(0), 0,
                   0};
    const auto &h = windows_.h(), &w = windows_.w();
    const int64_t rows = windows_.tile_x() ? std::min(h.input, h.at(h.output, 0)) : 0;
    const int64_t columns = windows_.tile_x() ? std::min(w.input, w.at(w.output, 0)) : 0;
    fill(site, {0, rows}, {columns, w.input});
    fill(site, {rows, h.input}, {0, w.input});
    k_.loop("p", 0, h.output, [&](Index p) {
      site.p = std::move(p);
      windows_.over_row(k_, site, [&](const PlaneSite& window) { write(window); });
    });
    return k_.finish();
  }

 private:
  struct Range {
    int64_t begin, end;
    int64_t size() const { return end - begin; }
  };

  PlaneValue value(const char* name, const Type& type, size_t position) {
    return {k_, k_.argument(name, type, position), type};
  }

  // Zeros into rows and columns of dx.
  void fill(PlaneSite site, Range rows, Range columns) {
    if (rows.size() <= 0 || columns.size() <= 0) return;
    const auto zero_at = [&](const Index& row, const Index& column) {
      dx_.store(site, row, column, 1, k_.number(dx_type_.dtype, 0, site.vector()));
    };
    k_.loop("h", rows.begin, rows.end, [&](Index row) {
      if (site.lanes == PlaneLanes::samples) {
        k_.loop("w", columns.begin, columns.end, [&](Index column) { zero_at(row, column); });
        return;
      }
      const int64_t whole = columns.size() / vector_size, rest = columns.size() % vector_size;
      site.count.reset();
      if (whole != 0) k_.loop("v", 0, whole, [&](Index v) { zero_at(row, v * vector_size + columns.begin); });
      site.count = rest;
      if (rest != 0) zero_at(row, columns.begin + whole * vector_size);
    });
  }

  void write(const PlaneSite& site) {
    const Expr dy = k_.let("dy", dy_.load(site, site.p, site.q, 1));
    const int64_t stride = windows_.w().stride;
    const auto add = [&](const PoolWindows::Tap& tap, Expr gradient) {
      const Expr sum = windows_.tile_x() ? gradient : dx_.load(site, tap.row, tap.column, stride) + gradient;
      dx_.store(site, tap.row, tap.column, stride, sum);
    };
    if (!argmax_) {
      const Expr share = k_.let("share", shared(site, dy));
      return windows_.over_taps(k_, site, [&](const PoolWindows::Tap& tap) { add(tap, share); });
    }
    const Expr argmax = k_.let("argmax", k_.cast(argmax_->load(site, site.p, site.q, 1), DType::i32));
    const Expr zero = k_.number(dx_type_.dtype, 0, site.vector());
    windows_.over_taps(k_, site, [&](const PoolWindows::Tap& tap) {
      const Expr is_here = k_.apply(Op::equal, {argmax, k_.index(DType::i32, tap.number)});
      add(tap, select(is_here, dy, zero));
    });
  }

  // What each tap of an average gets.
  Expr shared(const PlaneSite& site, Expr dy) {
    const DType dtype = dx_type_.dtype;
    const auto taps = static_cast<double>(windows_.h().kernel * windows_.w().kernel);
    if (node_.attributes.boolean("count_include_pad") || !windows_.has_padding())
      return dy * k_.number(dtype, 1 / taps, site.vector());
    const TileHandle count = k_.tile("count", dtype, false, {});
    count.set({}, k_.number(dtype, 0, false));
    windows_.over_taps(k_, site,
                       [&](const PoolWindows::Tap&) { count.set({}, count() + k_.number(dtype, 1, false)); });
    return dy / count();
  }

  const Node& node_;
  Type dy_type_, dx_type_;
  KernelBuilder k_;
  PoolWindows windows_;
  PlaneValue dy_, dx_;
  std::optional<PlaneValue> argmax_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const Type &dy = graph.type(node.operands[0]), &dx = graph.type(node.results[0]);
  if (dy.dtype != DType::f32 && dy.dtype != DType::f64) return {};
  const Layout plain, blocked = batch_blocked(4);
  std::vector<Implementation> ways;
  for (const auto& [from, to] : {std::pair{plain, plain}, {blocked, blocked}, {plain, blocked}})
    ways.push_back({std::vector<Layout>(node.operands.size(), from),
                    {to},
                    pool_seconds(node.attributes, dx, dy, to, from)});
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  return {{PoolBackwardWriter(graph, node).write()}, 0};
}

}  // namespace

const Lowering pooling_backward_lowering = {implementations, lower};

}  // namespace sinter::jit
