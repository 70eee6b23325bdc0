#include <algorithm>

#include "backends/jit/body_kernel.h"
#include "backends/jit/matrix_kernels.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

// Each unit reads all of its samples again, from the second cache.
constexpr double load_cycles = 3;
constexpr int64_t vector_bytes = 64;
constexpr int64_t rows_at_once = 16;  // of the weights: the CPU foresees the next lines of as many rows
constexpr int64_t most_streams = 8;
constexpr int64_t most_blocks_of_few_rows = 2;
constexpr int64_t far_apart = 512;           // elements
constexpr int64_t samples_bytes = 64 << 10;  // of a part of the depth
constexpr int64_t most_outputs_waiting =
    1024;  // of a unit: a row's part is a page, sums fit into a second cache
constexpr int64_t wanted_units = 8;

class Writer {
 public:
  Writer(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        k_(kernel_.k),
        product_(matrix_product(kernel_.body()).value()),
        tile_(choose_tile({.outer = most_outputs(),
                           .inner = batch_blocks(product_.rows),
                           .registers = cpu.vector_registers,
                           .vector_load = load_cycles})),
        step_(product_.transposed_b ? samples_bytes / vector_bytes / tile_.inner : rows_at_once) {}

  Kernel write() {
    const int64_t blocks = batch_blocks(product_.rows), columns = outputs_of_unit();
    const auto at =
        k_.parallel({{"bt", tile_count(blocks, tile_.inner)}, {"ot", tile_count(product_.columns, columns)}});
    if (walks_depth()) waiting_ = k_.workspace("waiting", DType::f32, columns * tile_.inner * vector_size);
    for_own_tile(k_, at[0], blocks, tile_.inner, [&](Index block, int64_t width) {
      for_own_tile(k_, at[1], product_.columns, columns, [&](Index o, int64_t outputs) {
        walks_depth() ? write_unit({block, width}, o, outputs) : write_tile({block, width}, o, outputs);
      });
    });
    return kernel_.finish();
  }

 private:
  struct Samples {
    Index block;    ///< the first
    int64_t width;  ///< blocks
  };
  using Sums = std::function<Expr(const Index& o, const Index& j)>;

  // Outputs of a tile: where each reads a row of weights of its own these are streams, whose lines may all
  // want the same place in the first cache.
  int64_t most_outputs() const {
    const bool streams = product_.transposed_b && product_.depth > far_apart && has_few_rows();
    return streams ? std::min(product_.columns, most_streams) : product_.columns;
  }

  // A part of the depth for all of a unit's outputs before the next: so many rows of weights, or so many
  // elements of the samples that all rows meet.
  bool walks_depth() const {
    return has_few_rows() && product_.columns > tile_.outer && product_.depth > 2 * step_;
  }

  // More of them use each weight that is loaded often enough: 100 rows by 4096 to 512 weights took 3.1 ms as
  // streams and take 1.4 in tiles.
  bool has_few_rows() const { return batch_blocks(product_.rows) <= most_blocks_of_few_rows; }

  int64_t outputs_of_unit() const {
    if (!walks_depth()) return tile_.outer;
    const int64_t wanted =
        std::min(most_outputs_waiting / tile_.inner, tile_count(product_.columns, wanted_units));
    return std::max<int64_t>(1, wanted / tile_.outer) * tile_.outer;
  }

  Index weight_index(const Index& o, const Index& d) const {
    return product_.transposed_b ? o * product_.depth + d : d * product_.columns + o;
  }

  // Sums wait in the thread's memory while all columns of the unit are dealt with; each takes its products in
  // the order of the depth all the same.
  void write_unit(const Samples& samples, const Index& first, int64_t outputs) {
    const auto waiting = [&](const Index& o, const Index& j) {
      return Access{.buffer = waiting_, .index = (o * samples.width + j) * vector_size};
    };
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.loop("o", 0, outputs, [&](Index o) { k_.unroll("j", samples.width, [&](Index j) { body(o, j); }); });
    };
    each([&](Index o, Index j) { k_.store(waiting(o, j), initial(first + o)); });
    k_.loop("part", 0, tile_count(product_.depth, step_), [&](Index part) {
      const Index d = part * step_;
      for_tiles(k_, "tile", outputs, tile_.outer, [&](Index tile, int64_t count) {
        add_products(
            samples, first + tile, count, {d, {step_, product_.depth - d}},
            [&](const Index& i, const Index& j) { return k_.load(waiting(tile + i, j), true); },
            [&](const Index& i, const Index& j, const Expr& sum) { k_.store(waiting(tile + i, j), sum); });
      });
    });
    each([&](Index o, Index j) {
      finish(samples.block + j, first + o, k_.let("sum", k_.load(waiting(o, j), true)));
    });
  }

  void write_tile(const Samples& samples, const Index& o, int64_t outputs) {
    add_products(
        samples, o, outputs, {0, {product_.depth}},
        [&](const Index& i, const Index&) { return initial(o + i); },
        [&](const Index& i, const Index& j, const Expr& sum) { finish(samples.block + j, o + i, sum); });
  }

  struct Depth {
    Index first;
    std::vector<Index> count;  ///< the least of them
  };

  // A tile's sums in registers, from what `start` gives to what `end` takes.
  void add_products(const Samples& samples, const Index& o, int64_t outputs, const Depth& depth,
                    const Sums& start,
                    const std::function<void(const Index&, const Index&, const Expr&)>& end) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {outputs, samples.width});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", outputs, [&](Index i) { k_.unroll("j", samples.width, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) { sum.set({i, j}, start(i, j)); });
    const TileHandle x = k_.tile("x", DType::f32, true, {samples.width});
    k_.loop("d", std::vector<Index>{0}, depth.count, [&](Index step) {
      const Index d = depth.first + step;
      k_.unroll("j", samples.width,
                [&](Index j) { x.set({j}, kernel_.samples(product_.a).load(samples.block + j, {d})); });
      k_.unroll("i", outputs, [&](Index i) {
        const Expr weight = k_.let("weight", kernel_.spread(product_.b, weight_index(o + i, d)));
        k_.unroll("j", samples.width, [&](Index j) {
          sum.set({i, j}, multiply_add(x(j), weight, sum(i, j)));
        });
      });
    });
    each([&](Index i, Index j) { end(i, j, sum(i, j)); });
  }

  Expr initial(const Index& o) {
    return product_.bias.valid() ? kernel_.spread(product_.bias, o) : k_.number(DType::f32, 0, true);
  }

  void finish(const Index& block, const Index& o, const Expr& sum) {
    write_epilogue(k_, kernel_.body(), product_.form.made, sum, kernel_.samples_at(block, {o}));
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  MatrixProduct product_;
  TileShape tile_;
  int64_t step_;           ///< of the depth
  BufferId waiting_ = -1;  ///< sums of a unit
};

}  // namespace

Kernel product_by_samples(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return Writer(graph, node, cpu).write();
}

}  // namespace sinter::jit
