#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body_kernel.h"
#include "backends/jit/matrix_kernels.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t wanted_units = 8;
constexpr int64_t far_apart = 512;  // elements: rows of b beyond this share few sets of a cache, and no pages
constexpr int64_t few_rows = 32;    // of the result: packing does not pay off for fewer
constexpr int64_t vector_bytes = 64;
constexpr int64_t rows_at_once = 16;          // of b: the CPU foresees the next lines of as many rows
constexpr int64_t most_unit_vectors = 64;     // a row's part is a page
constexpr int64_t waiting_bytes = 128 << 10;  // of sums: they stay in a second cache
constexpr int64_t most_waiting_bytes = 1 << 20;

// A matrix operand in memory: A[r, d] or B[d, m].
struct View {
  ValueId id;
  int64_t row = 0, column = 0;          ///< elements from A[r, d] to A[r + 1, d] and A[r, d + 1]
  std::vector<int64_t> batch = {};      ///< elements from a matrix to the next, by dimension; 0: the same
  std::optional<int64_t> blocked = {};  ///< batch-blocked, of that many elements a sample
};

struct Depth {
  Index block, lane;
  Index flat() const { return block * vector_size + lane; }
};

// Columns of a unit: `count` is absent where all vectors are whole.
struct Columns {
  Index first;  ///< vector
  int64_t vectors;
  std::optional<int64_t> total;  ///< columns of the matrix, where the last vector is a part of one

  std::optional<Index> count(const Index& j) const {
    return total ? std::optional(*total - (first + j) * vector_size) : std::nullopt;
  }
};

class Writer {
 public:
  Writer(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        k_(kernel_.k),
        product_(matrix_product(kernel_.body()).value()),
        a_(view(product_.a, product_.transposed_a)),
        b_(view(product_.b, product_.transposed_b)),
        vectors_(batch_blocks(product_.columns)),
        packed_(packs()),
        tile_(choose_tile({.outer = product_.rows,
                           .inner = packed_ ? std::min(vectors_, max_panel_vectors) : vectors_,
                           .registers = cpu.vector_registers})),
        walks_rows_(walks_rows()),
        unit_(vectors_of_unit()) {}

  Kernel write() {
    std::vector<std::pair<std::string, int64_t>> extents;
    for (const int64_t size : product_.batch) extents.emplace_back(fmt::format("n{}", extents.size()), size);
    const int64_t column_units = tile_count(vectors_, unit_), row_tiles = product_.rows / tile_.outer;
    const int64_t bands =
        std::clamp<int64_t>(wanted_units / column_units, 1, std::max<int64_t>(1, row_tiles));
    band_ = std::max<int64_t>(1, tile_count(row_tiles, bands));
    bands_ = std::max<int64_t>(1, tile_count(row_tiles, band_));
    extents.emplace_back("band", bands_);
    extents.emplace_back("ct", column_units);
    at_ = k_.parallel(extents);
    const Index ct = at_.back();
    k_.when({column_units - 2 - ct}, [&] { write_columns({ct * unit_, unit_, {}}); });
    k_.when({ct - (column_units - 1)}, [&] {
      const int64_t first = (column_units - 1) * unit_;
      const bool whole = product_.columns % vector_size == 0;
      write_columns({first, vectors_ - first, whole ? std::nullopt : std::optional(product_.columns)});
    });
    return kernel_.finish();
  }

 private:
  // Samples apart have to be brought together; rows far apart are walked once and not for each tile of rows.
  bool packs() const {
    if (b_.blocked) return true;
    const int64_t bytes = product_.depth * max_panel_vectors * vector_size * size_of(DType::f32);
    return product_.batch.empty() && b_.column == 1 && b_.row > far_apart && product_.rows > few_rows &&
           bytes <= largest_panel_bytes;
  }

  int64_t row_bytes() const { return product_.rows * vector_bytes; }  // of a vector each

  // Rows of b that are far longer than a tile is wide are read some at a time, each as a stream.
  bool walks_rows() const {
    return !packed_ && !a_.blocked && product_.batch.empty() && b_.column == 1 && b_.row > far_apart &&
           vectors_ > tile_.inner && product_.depth > 2 * rows_at_once &&
           row_bytes() * tile_.inner <= most_waiting_bytes;
  }

  // Rows of the result are written, and of a parameter that is updated read, as streams too.
  int64_t vectors_of_unit() const {
    if (!walks_rows_ && !packed_) return tile_.inner;
    const int64_t fitting =
        packed_ ? largest_panel_bytes / (product_.depth * vector_bytes) : waiting_bytes / row_bytes();
    const int64_t most = std::min({most_unit_vectors, fitting, tile_count(vectors_, wanted_units)});
    return std::max<int64_t>(1, most / tile_.inner) * tile_.inner;
  }

  View view(ValueId id, bool transposed) {
    const Type& type = kernel_.type(id);
    const auto shape = sizes(type.shape);
    const int64_t height = shape.size() > 1 ? shape[shape.size() - 2] : 1, width = shape.back();
    View found{id};
    if (!type.layout.blocks().empty()) {
      found.blocked = width;
      return found;
    }
    found.row = type.layout.is_plain() ? width : 1;
    found.column = type.layout.is_plain() ? 1 : height;
    if (transposed) std::swap(found.row, found.column);
    int64_t step = height * width;
    found.batch.assign(product_.batch.size(), 0);
    for (size_t back = 3; back <= shape.size() && back <= product_.batch.size() + 2; ++back) {
      const int64_t size = shape[shape.size() - back];
      if (size != 1) found.batch[product_.batch.size() + 2 - back] = step;
      step *= size;
    }
    return found;
  }

  Index matrix(const View& view) const {
    Index offset = 0;
    for (size_t i = 0; i < view.batch.size(); ++i) offset += at_[i] * view.batch[i];
    return offset;
  }

  Expr load_a(const Index& r, const Depth& d) {
    return kernel_.spread(product_.a, a_.blocked ? (d.block * *a_.blocked + r) * vector_size + d.lane
                                                 : matrix(a_) + r * a_.row + d.flat() * a_.column);
  }

  Expr load_b(const Columns& columns, const Index& j, const Depth& d) {
    return packed_ ? k_.load(panel_at(columns, j, d), true) : load_together(columns, j, d);
  }

  Access panel_at(const Columns& columns, const Index& j, const Depth& d) const {
    const Index vector = columns.first - packed_columns_.first + j;
    return {.buffer = panel_, .index = (d.flat() * packed_columns_.vectors + vector) * vector_size};
  }

  Expr load_together(const Columns& columns, const Index& j, const Depth& d) {
    return k_.load({.buffer = kernel_.buffer(product_.b),
                    .index = matrix(b_) + d.flat() * b_.row + (columns.first + j) * vector_size,
                    .count = columns.count(j)},
                   true);
  }

  // Of a batch-blocked b, whose samples are the depth.
  Expr load_apart(const Columns& columns, const Index& j, const Depth& d) {
    const Index column = (columns.first + j) * vector_size;
    return k_.load({.buffer = kernel_.buffer(product_.b),
                    .index = (d.block * *b_.blocked + column) * vector_size + d.lane,
                    .lane_stride = vector_size,
                    .count = columns.count(j)},
                   true);
  }

  struct Range {
    Index first;
    std::vector<Index> count;  ///< the least of them
  };

  // Samples, the depth, lie sixteen together where an operand is batch-blocked.
  void over_depth(const Range& range, const std::function<void(const Depth&)>& body) {
    if (!a_.blocked && !b_.blocked)
      return k_.loop("d", {0}, range.count, [&](Index d) { body({0, range.first + d}); });
    k_.loop("block", 0, batch_blocks(product_.depth), [&](Index block) {
      k_.loop("lane", std::vector<Index>{0}, {vector_size, product_.depth - block * vector_size},
              [&](Index lane) {
                body({block, lane});
              });
    });
  }

  // Each row of the panel is read once for all rows of the result.
  void pack(const Columns& columns) {
    panel_ = k_.workspace("panel", DType::f32, product_.depth * columns.vectors * vector_size);
    packed_columns_ = columns;
    over_depth({0, {product_.depth}}, [&](const Depth& d) {
      over_columns(columns, [&](const Columns& part) {
        k_.unroll("j", part.vectors, [&](Index j) {
          k_.store(panel_at(part, j, d), b_.blocked ? load_apart(part, j, d) : load_together(part, j, d));
        });
      });
    });
  }

  void write_columns(const Columns& columns) {
    if (packed_) pack(columns);
    if (walks_rows_) return write_waiting(columns);
    over_rows([&](const Index& r, int64_t rows) {
      over_columns(columns, [&](const Columns& part) { write_tile(part, r, rows); });
    });
  }

  // The unit's rows of the result, a tile's at a time.
  void over_rows(const std::function<void(const Index& r, int64_t rows)>& body) {
    const int64_t row_tiles = product_.rows / tile_.outer, rest = product_.rows % tile_.outer;
    const Index band = at_[at_.size() - 2];
    if (row_tiles > 0)
      k_.loop("rt", std::vector<Index>{0}, {band_, row_tiles - band * band_},
              [&](Index rt) { body((band * band_ + rt) * tile_.outer, tile_.outer); });
    if (rest > 0) k_.when({band - (bands_ - 1)}, [&] { body(row_tiles * tile_.outer, rest); });
  }

  // Tiles of columns; where the last vector is a part of one, it is a tile of its own.
  void over_columns(const Columns& columns, const std::function<void(const Columns&)>& body) {
    if (columns.vectors <= tile_.inner) return body(columns);
    const int64_t whole = columns.vectors - (columns.total ? 1 : 0);
    for_tiles(k_, "tile", whole, tile_.inner, [&](Index start, int64_t vectors) {
      body({columns.first + start, vectors, {}});
    });
    if (columns.total) body({columns.first + whole, 1, columns.total});
  }

  // Sums wait in the thread's memory while some rows of b are read; each takes its products in the order of
  // the depth all the same.
  void write_waiting(const Columns& columns) {
    const BufferId sums = k_.workspace("waiting", DType::f32, product_.rows * columns.vectors * vector_size);
    const auto waiting = [&](const Index& r, const Index& j) {
      return Access{.buffer = sums, .index = (r * columns.vectors + j) * vector_size};
    };
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      over_rows([&](const Index& r, int64_t rows) {
        k_.loop("i", 0, rows,
                [&](Index i) { k_.loop("j", 0, columns.vectors, [&](Index j) { body(r + i, j); }); });
      });
    };
    each([&](Index r, Index j) { k_.store(waiting(r, j), initial(columns, j)); });
    k_.loop("rows", 0, tile_count(product_.depth, rows_at_once), [&](Index rows) {
      const Index d = rows * rows_at_once;
      over_columns(columns, [&](const Columns& part) {
        const Index offset = part.first - columns.first;
        over_rows([&](const Index& r, int64_t count) {
          add_products(
              part, r, count, {d, {rows_at_once, product_.depth - d}},
              [&](const Index& i, const Index& j) { return k_.load(waiting(r + i, offset + j), true); },
              [&](const Index& i, const Index& j, const Expr& sum) {
                k_.store(waiting(r + i, offset + j), sum);
              });
        });
      });
    });
    each([&](Index r, Index j) { finish(columns, r, j, k_.let("sum", k_.load(waiting(r, j), true))); });
  }

  void write_tile(const Columns& columns, const Index& r, int64_t rows) {
    add_products(
        columns, r, rows, {0, {product_.depth}},
        [&](const Index&, const Index& j) { return initial(columns, j); },
        [&](const Index& i, const Index& j, const Expr& sum) { finish(columns, r + i, j, sum); });
  }

  // A tile's sums in registers, from what `start` gives to what `end` takes.
  void add_products(const Columns& columns, const Index& r, int64_t rows, const Range& depth,
                    const std::function<Expr(const Index&, const Index&)>& start,
                    const std::function<void(const Index&, const Index&, const Expr&)>& end) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {rows, columns.vectors});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", rows, [&](Index i) { k_.unroll("j", columns.vectors, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) { sum.set({i, j}, start(i, j)); });
    const TileHandle b = k_.tile("b", DType::f32, true, {columns.vectors});
    over_depth(depth, [&](const Depth& d) {
      k_.unroll("j", columns.vectors, [&](Index j) { b.set({j}, load_b(columns, j, d)); });
      k_.unroll("i", rows, [&](Index i) {
        const Expr a = k_.let("a", load_a(r + i, d));
        k_.unroll("j", columns.vectors, [&](Index j) { sum.set({i, j}, multiply_add(b(j), a, sum(i, j))); });
      });
    });
    each([&](Index i, Index j) { end(i, j, sum(i, j)); });
  }

  void finish(const Columns& columns, const Index& r, const Index& j, const Expr& sum) {
    write_epilogue(k_, kernel_.body(), product_.form.made, sum, elements_at(columns, r, j));
  }

  Expr initial(const Columns& columns, const Index& j) {
    if (!product_.bias.valid()) return k_.number(DType::f32, 0, true);
    return k_.load({.buffer = kernel_.buffer(product_.bias),
                    .index = (columns.first + j) * vector_size,
                    .count = columns.count(j)},
                   true);
  }

  EpiloguePlace elements_at(const Columns& columns, const Index& r, const Index& j) {
    Index row = 0;
    for (size_t i = 0; i < product_.batch.size(); ++i) row = row * product_.batch[i] + at_[i];
    row = row * product_.rows + r;
    const auto access = [=, this](ValueId id) {
      return Access{.buffer = kernel_.buffer(id),
                    .index = row * product_.columns + (columns.first + j) * vector_size,
                    .count = columns.count(j)};
    };
    return {[=, this](ValueId id) {
              return element_count(kernel_.type(id).shape) == 1 ? kernel_.spread(id, 0)
                                                                : k_.load(access(id), true);
            },
            [=, this](ValueId id, const Expr& value) { k_.store(access(id), value); }};
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  MatrixProduct product_;
  View a_, b_;
  int64_t vectors_;  ///< of columns
  bool packed_;      ///< b, for each unit
  TileShape tile_;
  bool walks_rows_;
  int64_t unit_;                  ///< vectors of columns
  int64_t band_ = 1, bands_ = 1;  ///< tiles of rows of a unit; units that share the columns
  std::vector<Index> at_;
  BufferId panel_ = -1;  ///< columns of b that a unit packs
  Columns packed_columns_{};
};

}  // namespace

Kernel product_by_columns(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return Writer(graph, node, cpu).write();
}

}  // namespace sinter::jit
