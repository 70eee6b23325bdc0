#include <algorithm>

#include "backends/jit/body_kernel.h"
#include "backends/jit/lowering.h"
#include "backends/jit/planes.h"
#include "backends/jit/product_form.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

constexpr OpKind gradients[] = {OpKind::max_pool2d_backward, OpKind::avg_pool2d_backward};
constexpr ProductKind kind = {.ops = gradients, .name = "pool's gradient", .doubles = true};

PoolWindows windows_of(const Graph& body, const Node& gradient) {
  return {gradient.attributes, body.type(gradient.results[0]), body.type(gradient.operands[0])};
}

std::optional<ProductForm> form_of(const Graph& body, std::string* why = nullptr) {
  ProductForm form;
  auto refused = refuses_product(body, kind, &form);
  if (!refused && body.nodes().size() > 1 && !windows_of(body, body.node(form.product)).tile_x())
    refused = "the gradients of windows that overlap are added up before anything else reads them";
  if (refused && why != nullptr) *why = *refused;
  return refused ? std::nullopt : std::optional(form);
}

// Windows that tile x write each of its elements once, by way of elementwise ops behind; others add to what
// was filled with zeros.
class PoolBackwardWriter {
 public:
  PoolBackwardWriter(const Graph& graph, const Node& node)
      : kernel_(graph, node),
        k_(kernel_.k),
        form_(*form_of(kernel_.body())),
        node_(kernel_.body().node(form_.product)),
        dx_type_(kernel_.body().type(form_.made)),
        lies_in_blocks_(!graph.type(node.results[0]).layout.is_plain()),
        windows_(windows_of(kernel_.body(), node_)),
        dy_(plane(node_.operands[0])) {
    if (node_.operands.size() > 1) argmax_.emplace(plane(node_.operands[1]));
  }

  Kernel write() {
    const bool samples = lies_in_blocks_;
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
    return kernel_.finish();
  }

 private:
  struct Range {
    int64_t begin, end;
    int64_t size() const { return end - begin; }
  };

  PlaneValue plane(ValueId id) { return {k_, kernel_.buffer(id), kernel_.type(id)}; }

  // Elements of dx, and what the ops behind make of them.
  void store(const PlaneSite& site, const Index& row, const Index& column, int64_t stride, Expr value) {
    const EpiloguePlace place = {
        [&](ValueId id) {
          if (element_count(kernel_.type(id).shape) != 1) return plane(id).load(site, row, column, stride);
          return k_.load({.buffer = kernel_.buffer(id), .index = 0, .lane_stride = site.vector() ? 0 : 1},
                         site.vector());
        },
        [&](ValueId id, const Expr& result) { plane(id).store(site, row, column, stride, result); }};
    write_epilogue(k_, kernel_.body(), form_.made, value, place);
  }

  // Zeros into rows and columns of dx.
  void fill(PlaneSite site, Range rows, Range columns) {
    if (rows.size() <= 0 || columns.size() <= 0) return;
    const auto zero_at = [&](const Index& row, const Index& column) {
      store(site, row, column, 1, k_.number(dx_type_.dtype, 0, site.vector()));
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
      if (!windows_.tile_x()) gradient = plane(form_.made).load(site, tap.row, tap.column, stride) + gradient;
      store(site, tap.row, tap.column, stride, gradient);
    };
    if (!argmax_) {
      const Expr share = k_.let(
          "share", windows_.divided_by_taps(k_, site, dy, node_.attributes.boolean("count_include_pad")));
      return windows_.over_taps(k_, site, [&](const PoolWindows::Tap& tap) { add(tap, share); });
    }
    const Expr argmax = k_.let("argmax", k_.cast(argmax_->load(site, site.p, site.q, 1), DType::i32));
    const Expr zero = k_.number(dx_type_.dtype, 0, site.vector());
    windows_.over_taps(k_, site, [&](const PoolWindows::Tap& tap) {
      const Expr is_here = k_.apply(Op::equal, {argmax, k_.index(DType::i32, tap.number)});
      add(tap, select(is_here, dy, zero));
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  ProductForm form_;
  const Node& node_;
  Type dx_type_;
  bool lies_in_blocks_;
  PoolWindows windows_;
  PlaneValue dy_;
  std::optional<PlaneValue> argmax_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  const auto form = form_of(own.body);
  if (!form) return {};
  const Node& gradient = own.body.node(form->product);
  const Type &dy = own.body.type(gradient.operands[0]), &dx = own.body.type(form->made);
  const Layout plain, blocked = batch_blocked(4);
  std::vector<Implementation> ways;
  for (const auto& [from, to] : {std::pair{plain, plain}, {blocked, blocked}, {plain, blocked}}) {
    Implementation way{{},
                       std::vector<Layout>(node.results.size(), to),
                       pool_seconds(gradient.attributes, dx, dy, to, from)};
    for (const ValueId id : own.body.inputs()) {
      const bool pooled = std::ranges::count(gradient.operands, id) > 0;
      way.operands.push_back(pooled ? from : element_count(own.body.type(id).shape) == 1 ? plain : to);
    }
    ways.push_back(std::move(way));
  }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  return {{PoolBackwardWriter(graph, node).write()}, 0};
}

}  // namespace

std::optional<std::string> refuses_pooling_backward_body(const Graph& body) {
  std::string why;
  return form_of(body, &why) ? std::nullopt : std::optional(why);
}

const Lowering pooling_backward_lowering = {implementations, lower};

}  // namespace sinter::jit
