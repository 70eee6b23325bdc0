#include <algorithm>

#include "backends/jit/batch_kernel.h"
#include "backends/jit/convolution.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr double share_of_peak = 0.7;

int64_t floor_divided(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }
int64_t ceil_divided(int64_t a, int64_t b) { return -floor_divided(-a, b); }

Convolution size_of_node(const Graph& graph, const Node& node) {
  return convolution(graph.type(node.results[0]).shape, graph.type(node.operands[1]).shape,
                     graph.type(node.operands[0]).shape, node.attributes);
}

// Sums for a tile of input channels by a part of a row of dx. Which elements of dy reach a column is known
// when the code is written, so that borders and strides cost no multiplication by zero.
class BackwardDataWriter {
 public:
  BackwardDataWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        k_(kernel_.k),
        size_(size_of_node(graph, node)),
        dy_(kernel_.samples(node.operands[0])),
        weight_(kernel_.buffer(node.operands[1])),
        dx_(kernel_.samples(node.results[0])) {
    // Beside the sums, kw weights of each channel stay in registers over a row of dy.
    const int64_t registers = cpu.vector_registers;
    double most = 0;
    for (int64_t c = 1; c <= std::min<int64_t>(size_.c, 8); ++c)
      for (int64_t w = size_.stride_w; w <= std::min<int64_t>(round_up(size_.w), 28); w += size_.stride_w) {
        const int64_t taps = std::min(size_.kw, registers / 4);
        if (c * (w + taps) + 2 > registers && (c > 1 || w > size_.stride_w)) break;
        const double loads = static_cast<double>(w + taps) / static_cast<double>(size_.stride_w) +
                             static_cast<double>(c * taps);
        const double useful = static_cast<double>(c * w) / loads * static_cast<double>(size_.w) /
                              static_cast<double>(ceil_divided(size_.w, w) * w);
        if (useful <= most) continue;
        most = useful;
        channels_ = c;
        width_ = w;
      }
  }

  Kernel write() {
    const auto at = k_.parallel({{"block", batch_blocks(size_.n)}, {"ct", ceil_divided(size_.c, channels_)}});
    block_ = at[0];
    const int64_t whole = size_.c / channels_, rest = size_.c % channels_;
    k_.when({whole - 1 - at[1]}, [&] { write_rows(at[1] * channels_, channels_); });
    if (rest != 0) k_.when({at[1] - whole}, [&] { write_rows(whole * channels_, rest); });
    return kernel_.finish();
  }

 private:
  int64_t round_up(int64_t columns) const { return ceil_divided(columns, size_.stride_w) * size_.stride_w; }

  // Rows by phase: those a multiple of the stride apart meet the same rows of the kernel.
  void write_rows(const Index& c, int64_t channels) {
    for (int64_t phase = 0; phase < size_.stride_h; ++phase) {
      const int64_t first = ceil_divided(size_.top - phase, size_.stride_h),
                    end = floor_divided(size_.h - 1 + size_.top - phase, size_.stride_h) + 1;
      if (first >= end) continue;
      k_.loop("r", first, end, [&](Index r) {
        for_columns([&](Index column, int64_t start, int64_t width) {
          write_tile(c, channels, r, phase, column, start, width);
        });
      });
    }
  }

  // Tiles at the borders have columns known in advance; those between share their code.
  void for_columns(const std::function<void(Index column, int64_t start, int64_t width)>& body) {
    const int64_t tiles = ceil_divided(size_.w, width_);
    const auto is_inner = [&](int64_t tile) {
      const int64_t from = tile * width_ + size_.left - (size_.kw - 1),
                    to = (tile + 1) * width_ - 1 + size_.left;
      return from >= 0 && to <= (size_.ow - 1) * size_.stride_w && (tile + 1) * width_ <= size_.w;
    };
    for (int64_t tile = 0; tile < tiles;) {
      int64_t end = tile;
      while (end < tiles && is_inner(end)) ++end;
      const int64_t start = tile * width_;
      if (end - tile > 1) {
        k_.loop("xt", 0, end - tile, [&](Index i) { body(i * width_ + start, start, width_); });
        tile = end;
        continue;
      }
      body(start, start, std::min(width_, size_.w - start));
      ++tile;
    }
  }

  // `column` is `start` or, in a loop, a multiple of the stride later.
  void write_tile(const Index& c, int64_t channels, const Index& r, int64_t phase, const Index& column,
                  int64_t start, int64_t width) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {channels, width});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", channels, [&](Index i) { k_.unroll("j", width, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) { sum.set({i, j}, k_.number(DType::f32, 0, true)); });
    const int64_t taps = size_.kh > phase ? ceil_divided(size_.kh - phase, size_.stride_h) : 0;
    if (taps > 0)
      k_.loop("o", 0, size_.o, [&](Index o) {
        k_.loop("t", std::vector<Index>{0, r - (size_.oh - 1)}, {taps, r + 1}, [&](Index t) {
          add_row(sum, o, c, channels, r - t, t * size_.stride_h + phase, column, start, width);
        });
      });
    each([&](Index i, Index j) {
      dx_.store(block_, {c + i, r * size_.stride_h + (phase - size_.top), column + j}, sum(i, j));
    });
  }

  // One row of dy through one row of the kernel.
  void add_row(const TileHandle& sum, const Index& o, const Index& c, int64_t channels, const Index& y,
               const Index& ky, const Index& column, int64_t start, int64_t width) {
    const int64_t first =
                      std::max<int64_t>(0, ceil_divided(start + size_.left - (size_.kw - 1), size_.stride_w)),
                  last =
                      std::min(size_.ow - 1, floor_divided(start + width - 1 + size_.left, size_.stride_w));
    const Index moved = divided(column - start);
    for (int64_t x = first; x <= last; ++x) {
      const int64_t from = x * size_.stride_w - size_.left - start;  // column of the tile that kx = 0 reaches
      const int64_t begin = std::max<int64_t>(0, -from), end = std::min(size_.kw, width - from);
      if (begin >= end) continue;
      const Expr dy = k_.let("dy", dy_.load(block_, {o, y, moved + x}));
      for (int64_t kx = begin; kx < end; ++kx)
        k_.unroll("i", channels, [&](Index i) {
          const Index at = ((o * size_.c + c + i) * size_.kh + ky) * size_.kw + kx;
          sum.set({i, from + kx}, multiply_add(dy, kernel_.spread(weight_, at), sum(i, Index(from + kx))));
        });
    }
  }

  Index divided(const Index& index) const {
    Index result = index.constant() / size_.stride_w;
    for (const Index::Term& term : index.terms())
      result += Index::variable(term.variable) * (term.factor / size_.stride_w);
    return result;
  }

  BatchKernel kernel_;
  KernelBuilder& k_;
  Convolution size_;
  BatchValue dy_;
  BufferId weight_;
  BatchValue dx_;
  int64_t channels_ = 1, width_ = 1;
  Index block_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  if (graph.type(node.operands[0]).dtype != DType::f32) return {};
  const Convolution size = size_of_node(graph, node);
  const double filled = static_cast<double>(batch_blocks(size.n) * vector_size) / static_cast<double>(size.n);
  const double flops = 2 * size.multiply_adds() * filled;
  return {{{batch_blocked(4), {}},
           {batch_blocked(4)},
           flops / (share_of_peak * flops_per_second) + call_seconds}};
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return {{BackwardDataWriter(graph, node, cpu).write()}, 0};
}

}  // namespace

const Lowering convolution_backward_data_lowering = {implementations, lower};

}  // namespace sinter::jit
