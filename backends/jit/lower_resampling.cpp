#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/pixel_value.h"
#include "backends/jit/planes.h"
#include "backends/jit/tap_tables.h"
#include "ir/op_table.h"

// pad, resize and their gradients: a row of the result is made of rows of x, as wide as they are, and lies in
// the workspace; its elements are made of those. Gradients ask where each element went, so that no two units
// write to one.
namespace sinter::jit {
namespace {

constexpr int64_t most_unrolled = 4;  // taps
constexpr int64_t window_size = 2 * vector_size;
constexpr int64_t most_table = 1 << 16;    // entries: their numbers are part of the kernel's text
constexpr int64_t most_plane = 1LL << 31;  // elements: distances within a plane are of type i32

struct LineMaps {
  LineMap rows, columns;
};

LineMaps maps_of(const Node& node, const Type& x, const Type& y) {
  return {line_map(node, 0, x.shape[2].size, y.shape[2].size),
          line_map(node, 1, x.shape[3].size, y.shape[3].size)};
}

// Where most columns stay neighbours they are moved as they are.
LineMap::Run neighbours(const LineMap& columns) {
  const LineMap::Run run = columns.straight();
  return run.end - run.begin > columns.outputs() / 2 ? run : LineMap::Run{};
}

// Whether sixteen columns of a plain row are picked from two vectors, in place of a gather for each tap.
bool permutes(const LineMaps& maps, const Type& x) {
  return x.layout.is_plain() && x.dtype == DType::f32 && neighbours(maps.columns).end == 0 &&
         !maps.columns.windows().empty();
}

class ResamplingWriter {
 public:
  ResamplingWriter(const Node& node, const Type& x, const Type& y)
      : k_(std::string(to_string(node.op))),
        x_type_(x),
        y_type_(y),
        maps_(maps_of(node, x, y)),
        fill_(node.op == OpKind::pad ? node.attributes.real("value") : 0),
        cell_(x.layout.is_plain() ? 1 : vector_size),
        fill_at_((maps_.columns.inputs + vector_size - 1) / vector_size * vector_size),
        x_(k_.argument("x0", x, 0)),
        y_(k_.argument("y1", y, 1)),
        row_(k_.workspace("row", x.dtype, (fill_at_ + 1) * cell_ + (permutes(maps_, x) ? window_size : 0))),
        rows_(k_, "row", maps_.rows, maps_.columns.inputs * cell_, std::nullopt, x.dtype),
        columns_(permutes(maps_, x) ? TapTables::in_windows(k_, "column", maps_.columns, x.dtype)
                                    : TapTables(k_, "column", maps_.columns, cell_, fill_at_, x.dtype)) {}

  Kernel write() {
    constexpr int64_t few_planes = 16;
    const int blocked = is_plain() ? -1 : x_type_.layout.blocks()[0].dimension;
    const auto planes_along = [&](int d) {
      const int64_t size = x_type_.shape[static_cast<size_t>(d)].size;
      return blocked == d ? batch_blocks(size) : size;
    };
    const int64_t outer = planes_along(0), inner = planes_along(1), rows = maps_.rows.outputs();
    std::vector<std::pair<std::string, int64_t>> extents = {{"n", outer}, {"c", inner}};
    const bool few = outer * inner < few_planes;
    if (few) extents.emplace_back("p", rows);
    const auto at = k_.parallel(std::move(extents));
    plane_ = at[0] * inner + at[1];
    if (blocked >= 0) lanes_ = x_type_.shape[static_cast<size_t>(blocked)].size - at[blocked] * vector_size;
    if (element_count(y_type_.shape) == 0) return k_.finish();
    store_fill();
    few ? write_row(at[2]) : k_.loop("p", 0, rows, [&](const Index& p) { write_row(p); });
    return k_.finish();
  }

 private:
  bool is_plain() const { return cell_ == 1; }

  // What an element without taps is; what fills up blocks is zero.
  Expr filled() {
    const Expr value = k_.number(x_type_.dtype, fill_, true);
    return lanes_ && fill_ != 0 ? k_.first_lanes(value, *lanes_) : value;
  }

  void over_columns(int64_t from, int64_t to, const std::function<void(const Columns&)>& body) {
    if (from >= to) return;
    if (!is_plain()) return k_.loop("q", from, to, [&](Index q) { body({std::move(q)}); });
    const int64_t whole = (to - from) / vector_size, rest = (to - from) % vector_size;
    if (whole != 0) k_.loop("v", 0, whole, [&](const Index& v) { body({v * vector_size + from}); });
    if (rest != 0) body({whole * vector_size + from, Index(rest)});
  }

  // Whole vectors: there is room for them before what an element without taps is made of.
  void store_row(const Index& column, Expr value) {
    k_.store({.buffer = row_, .index = column * cell_}, value);
  }

  void store_fill() {
    k_.store({.buffer = row_, .index = fill_at_ * cell_},
             is_plain() ? k_.number(x_type_.dtype, fill_, false) : filled());
  }

  Expr load_x(const Expr& row, const Columns& at) {
    const LineMap& rows = maps_.rows;
    const int64_t width = maps_.columns.inputs * cell_;
    return k_.load({.buffer = x_,
                    .index = plane_ * (rows.inputs * width) + at.first * cell_,
                    .offset = Offset{row.id(), (rows.inputs - 1) * width + 1},
                    .count = at.count},
                   true);
  }

  void write_row(const Index& p) {
    const auto count = rows_.count(p);
    count ? gather_counted_rows(p, *count) : gather_rows(p);
    const LineMap::Run run = neighbours(maps_.columns);
    over_columns(0, run.begin, [&](const Columns& at) { store_y(p, at, mixed(at)); });
    over_columns(run.begin, run.end, [&](const Columns& at) {
      store_y(p, at,
              k_.load({.buffer = row_, .index = (at.first + run.shift) * cell_, .count = at.count}, true));
    });
    over_columns(run.end, maps_.columns.outputs(), [&](const Columns& at) { store_y(p, at, mixed(at)); });
  }

  // As many rows of x for each: added up in registers, or in turn where they are many.
  void gather_rows(const Index& p) {
    if (rows_.taps() > most_unrolled)
      return gather_counted_rows(p, k_.number(DType::i32, static_cast<double>(rows_.taps()), false));
    std::vector<Expr> sources;
    for (int64_t t = 0; t < rows_.taps(); ++t)
      sources.push_back(k_.let("source", rows_.source(t, {p}, false)));
    over_columns(0, maps_.columns.inputs, [&](const Columns& at) {
      std::optional<Expr> sum;
      for (int64_t t = 0; t < rows_.taps(); ++t) {
        const Expr x = rows_.weighted(load_x(sources[t], at), t, {p}, false);
        sum = sum ? *sum + x : x;
      }
      store_row(at.first, sum.value_or(filled()));
    });
  }

  void gather_counted_rows(const Index& p, const Expr& count) {
    const int64_t width = maps_.columns.inputs;
    over_columns(0, width, [&](const Columns& at) { store_row(at.first, filled()); });
    k_.loop_counted("t", rows_.taps(), count, [&](const Index& t) {
      const Expr source = k_.let("source", rows_.source(t, {p}, false));
      over_columns(0, width, [&](const Columns& at) {
        const Expr x = rows_.weighted(load_x(source, at), t, {p}, false);
        const Expr before = k_.load({.buffer = row_, .index = at.first * cell_}, true);
        store_row(at.first, rows_.taps() == 1 ? x : before + x);
      });
    });
  }

  // Of two vectors that hold all sources of these sixteen columns.
  Expr permuted(const Columns& at) {
    const Expr window = k_.let("window", columns_.window(at));
    const auto half = [&](int64_t from) {
      const Offset offset{window.id(), maps_.columns.inputs};
      return k_.let("half", k_.load({.buffer = row_, .index = from, .offset = offset}, true));
    };
    const Expr low = half(0), high = half(vector_size);
    return summed([&](const Index& t) {
      return columns_.weighted(k_.permute(low, high, columns_.source(t, at, true)), t, at, true);
    });
  }

  Expr mixed(const Columns& at) {
    if (columns_.has_windows()) return permuted(at);
    return summed([&](const Index& t) {
      const Expr source = columns_.source(t, at, is_plain());
      const Access access{.buffer = row_,
                          .index = 0,
                          .offset = Offset{source.id(), fill_at_ * cell_ + 1},
                          .lane_stride = is_plain() ? 0 : 1};
      return columns_.weighted(k_.load(access, true), t, at, is_plain());
    });
  }

  Expr summed(const std::function<Expr(const Index&)>& tap) {
    if (columns_.taps() == 0) return filled();
    if (columns_.taps() == 1) return tap(0);
    const TileHandle sum = k_.tile("sum", x_type_.dtype, true, {});
    sum.set({}, tap(0));
    const auto add = [&](const Index& t) { sum.set({}, sum() + tap(t + 1)); };
    columns_.taps() <= most_unrolled ? k_.unroll("s", columns_.taps() - 1, add)
                                     : k_.loop("s", 0, columns_.taps() - 1, add);
    return sum();
  }

  void store_y(const Index& p, const Columns& at, Expr value) {
    const int64_t width = maps_.columns.outputs();
    const Index pixel = (plane_ * maps_.rows.outputs() + p) * width + at.first;
    k_.store({.buffer = y_, .index = pixel * cell_, .count = at.count}, value);
  }

  KernelBuilder k_;
  const Type &x_type_, &y_type_;
  LineMaps maps_;
  double fill_;
  int64_t cell_;     ///< elements of a column
  int64_t fill_at_;  ///< the column of the row in the workspace that elements without taps are made of
  BufferId x_, y_, row_;
  TapTables rows_, columns_;
  Index plane_ = 0;
  std::optional<Index> lanes_;  ///< that are there
};

// What takes time are the columns, above all where those of a plain row are gathered for each tap.
double seconds(const LineMaps& maps, const Type& x, const Type& y) {
  constexpr double gather = 2e-9, tap = 0.4e-9;  // of a vector
  const bool gathers = x.layout.is_plain() && neighbours(maps.columns).end == 0 && !permutes(maps, x);
  const auto vectors = [](const Type& type) {
    return static_cast<double>(type.bytes()) / static_cast<double>(size_of(type.dtype) * vector_size);
  };
  const auto taps = [](const LineMap& map) { return static_cast<double>(std::max<int64_t>(map.most(), 1)); };
  const double columns = vectors(y) * taps(maps.columns) * (gathers ? gather : tap);
  const double rows = vectors(y) * taps(maps.rows) * tap;
  return std::max(columns + rows, plane_seconds(static_cast<double>(x.bytes() + y.bytes()))) + call_seconds;
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  Type x = graph.type(node.operands[0]), y = graph.type(node.results[0]);
  if (x.dtype != DType::f32 && x.dtype != DType::f64) return {};
  const int64_t largest = std::max({x.shape[2].size, x.shape[3].size, y.shape[2].size, y.shape[3].size});
  if (largest > most_table || x.shape[2].size * x.shape[3].size * vector_size >= most_plane) return {};
  const LineMaps maps = maps_of(node, x, y);
  for (const LineMap& map : {maps.rows, maps.columns})
    if (map.most() * map.outputs() > most_table) return {};
  std::vector<Implementation> ways;
  for (const Layout& layout : {Layout{}, batch_blocked(4), channel_blocked()}) {
    x.layout = y.layout = layout;
    ways.push_back({{layout}, {layout}, seconds(maps, x, y)});
  }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  return {{ResamplingWriter(node, x, y).write()}, 0};
}

}  // namespace

const Lowering resampling_lowering = {implementations, lower};

}  // namespace sinter::jit
