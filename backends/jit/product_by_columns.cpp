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
                           .registers = cpu.vector_registers})) {}

  Kernel write() {
    std::vector<std::pair<std::string, int64_t>> extents;
    for (const int64_t size : product_.batch) extents.emplace_back(fmt::format("n{}", extents.size()), size);
    const int64_t column_tiles = tile_count(vectors_, tile_.inner), row_tiles = product_.rows / tile_.outer;
    const int64_t bands =
        std::clamp<int64_t>(wanted_units / column_tiles, 1, std::max<int64_t>(1, row_tiles));
    band_ = std::max<int64_t>(1, tile_count(row_tiles, bands));
    bands_ = std::max<int64_t>(1, tile_count(row_tiles, band_));
    extents.emplace_back("band", bands_);
    extents.emplace_back("ct", column_tiles);
    at_ = k_.parallel(extents);
    const Index ct = at_.back();
    k_.when({column_tiles - 2 - ct}, [&] { write_columns({ct * tile_.inner, tile_.inner, {}}); });
    k_.when({ct - (column_tiles - 1)}, [&] {
      const int64_t first = (column_tiles - 1) * tile_.inner;
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
    if (packed_)
      return k_.load({.buffer = panel_, .index = (d.flat() * columns.vectors + j) * vector_size}, true);
    return load_together(columns, j, d);
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

  // Samples, the depth, lie sixteen together where an operand is batch-blocked.
  void over_depth(const std::function<void(const Depth&)>& body) {
    if (!a_.blocked && !b_.blocked) return k_.loop("d", 0, product_.depth, [&](Index d) { body({0, d}); });
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
    over_depth([&](const Depth& d) {
      k_.unroll("j", columns.vectors, [&](Index j) {
        k_.store({.buffer = panel_, .index = (d.flat() * columns.vectors + j) * vector_size},
                 b_.blocked ? load_apart(columns, j, d) : load_together(columns, j, d));
      });
    });
  }

  void write_columns(const Columns& columns) {
    if (packed_) pack(columns);
    const int64_t row_tiles = product_.rows / tile_.outer, rest = product_.rows % tile_.outer;
    const Index band = at_[at_.size() - 2];
    if (row_tiles > 0)
      k_.loop("rt", std::vector<Index>{0}, {band_, row_tiles - band * band_},
              [&](Index rt) { write_tile(columns, (band * band_ + rt) * tile_.outer, tile_.outer); });
    if (rest > 0) k_.when({band - (bands_ - 1)}, [&] { write_tile(columns, row_tiles * tile_.outer, rest); });
  }

  void write_tile(const Columns& columns, const Index& r, int64_t rows) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {rows, columns.vectors});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", rows, [&](Index i) { k_.unroll("j", columns.vectors, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) { sum.set({i, j}, initial(columns, j)); });
    const TileHandle b = k_.tile("b", DType::f32, true, {columns.vectors});
    over_depth([&](const Depth& d) {
      k_.unroll("j", columns.vectors, [&](Index j) { b.set({j}, load_b(columns, j, d)); });
      k_.unroll("i", rows, [&](Index i) {
        const Expr a = k_.let("a", load_a(r + i, d));
        k_.unroll("j", columns.vectors, [&](Index j) { sum.set({i, j}, multiply_add(b(j), a, sum(i, j))); });
      });
    });
    each([&](Index i, Index j) {
      write_epilogue(k_, kernel_.body(), product_.form.made, sum(i, j), elements_at(columns, r + i, j));
    });
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
  int64_t band_ = 1, bands_ = 1;  ///< tiles of rows of a unit; units that share the columns
  std::vector<Index> at_;
  BufferId panel_ = -1;  ///< columns of b that a unit packs
};

}  // namespace

Kernel product_by_columns(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return Writer(graph, node, cpu).write();
}

}  // namespace sinter::jit
