#include "backends/jit/body_kernel.h"
#include "backends/jit/matrix_kernels.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

// Each unit reads all of its samples again, from the second cache.
constexpr double load_cycles = 3;

class Writer {
 public:
  Writer(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        k_(kernel_.k),
        product_(matrix_product(kernel_.body()).value()),
        tile_(choose_tile({.outer = product_.columns,
                           .inner = batch_blocks(product_.rows),
                           .registers = cpu.vector_registers,
                           .vector_load = load_cycles})) {}

  Kernel write() {
    const int64_t blocks = batch_blocks(product_.rows);
    const auto at = k_.parallel(
        {{"bt", tile_count(blocks, tile_.inner)}, {"ot", tile_count(product_.columns, tile_.outer)}});
    for_own_tile(k_, at[0], blocks, tile_.inner, [&](Index block, int64_t width) {
      for_own_tile(k_, at[1], product_.columns, tile_.outer,
                   [&](Index o, int64_t outputs) { write_tile(block, width, o, outputs); });
    });
    return kernel_.finish();
  }

 private:
  Index weight_index(const Index& o, const Index& d) const {
    return product_.transposed_b ? o * product_.depth + d : d * product_.columns + o;
  }

  void write_tile(const Index& block, int64_t width, const Index& o, int64_t outputs) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {outputs, width});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", outputs, [&](Index i) { k_.unroll("j", width, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) {
      sum.set({i, j},
              product_.bias.valid() ? kernel_.spread(product_.bias, o + i) : k_.number(DType::f32, 0, true));
    });
    const TileHandle x = k_.tile("x", DType::f32, true, {width});
    k_.loop("d", 0, product_.depth, [&](Index d) {
      k_.unroll("j", width, [&](Index j) { x.set({j}, kernel_.samples(product_.a).load(block + j, {d})); });
      k_.unroll("i", outputs, [&](Index i) {
        const Expr weight = k_.let("weight", kernel_.spread(product_.b, weight_index(o + i, d)));
        k_.unroll("j", width, [&](Index j) { sum.set({i, j}, multiply_add(x(j), weight, sum(i, j))); });
      });
    });
    each([&](Index i, Index j) {
      write_epilogue(k_, kernel_.body(), product_.form.made, sum(i, j),
                     kernel_.samples_at(block + j, {o + i}));
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  MatrixProduct product_;
  TileShape tile_;
};

}  // namespace

Kernel product_by_samples(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return Writer(graph, node, cpu).write();
}

}  // namespace sinter::jit
