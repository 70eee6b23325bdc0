#include <algorithm>

#include "backends/jit/body_kernel.h"
#include "backends/jit/channel_convolution.h"
#include "backends/jit/convolution.h"
#include "backends/jit/lower_plain_convolution.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/product_form.h"
#include "backends/jit/tile_shape.h"
#include "ir/cost.h"

namespace sinter::jit {
namespace {

constexpr double share_of_peak = 0.7;

int64_t floor_divided(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }
int64_t ceil_divided(int64_t a, int64_t b) { return -floor_divided(-a, b); }

constexpr OpKind gradients[] = {OpKind::conv2d_backward_data};
constexpr ProductKind backward_data_kind = {gradients, "convolution's gradient by data"};

std::optional<ProductForm> backward_data_form(const Graph& body, std::string* why = nullptr) {
  ProductForm form;
  const auto refused = refuses_product(body, backward_data_kind, &form);
  if (refused && why != nullptr) *why = *refused;
  return refused ? std::nullopt : std::optional(form);
}

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
        form_(*backward_data_form(kernel_.body())),
        product_(kernel_.body().node(form_.product)),
        size_(size_of_node(kernel_.body(), product_)),
        dy_(kernel_.samples(product_.operands[0])) {
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
    const auto at = k_.parallel({{"block", batch_blocks(size_.n)}, {"ct", tile_count(size_.c, channels_)}});
    block_ = at[0];
    for_own_tile(k_, at[1], size_.c, channels_, [&](Index c, int64_t channels) { write_rows(c, channels); });
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
      write_epilogue(
          k_, kernel_.body(), form_.made, sum(i, j),
          kernel_.samples_at(block_, {c + i, r * size_.stride_h + (phase - size_.top), column + j}));
    });
  }

  // One row of dy through one row of the kernel.
  void add_row(const TileHandle& sum, const Index& o, const Index& c, int64_t channels, const Index& y,
               const Index& ky, const Index& column, int64_t start, int64_t width) {
    const int64_t first =
                      std::max<int64_t>(0, ceil_divided(start + size_.left - (size_.kw - 1), size_.stride_w)),
                  last =
                      std::min(size_.ow - 1, floor_divided(start + width - 1 + size_.left, size_.stride_w));
    const Index moved = divided(column - start, size_.stride_w);
    for (int64_t x = first; x <= last; ++x) {
      const int64_t from = x * size_.stride_w - size_.left - start;  // column of the tile that kx = 0 reaches
      const int64_t begin = std::max<int64_t>(0, -from), end = std::min(size_.kw, width - from);
      if (begin >= end) continue;
      const Expr dy = k_.let("dy", dy_.load(block_, {o, y, moved + x}));
      for (int64_t kx = begin; kx < end; ++kx)
        k_.unroll("i", channels, [&](Index i) {
          const Index at = ((o * size_.c + c + i) * size_.kh + ky) * size_.kw + kx;
          sum.set({i, from + kx},
                  multiply_add(dy, kernel_.spread(product_.operands[1], at), sum(i, Index(from + kx))));
        });
    }
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  ProductForm form_;
  const Node& product_;
  Convolution size_;
  BatchValue dy_;
  int64_t channels_ = 1, width_ = 1;
  Index block_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  const auto form = backward_data_form(own.body);
  if (!form) return {};
  const Node& product = own.body.node(form->product);
  const Convolution size = size_of_node(own.body, product);
  const double filled = static_cast<double>(batch_blocks(size.n) * vector_size) / static_cast<double>(size.n);
  const double flops = 2 * size.multiply_adds() * filled;
  Implementation way{{},
                     std::vector<Layout>(node.results.size(), batch_blocked(4)),
                     flops / (share_of_peak * flops_per_second()) + call_seconds};
  for (size_t i = 0; i < own.operands.size(); ++i) {
    const ValueId inner = own.body.inputs()[i];
    const bool samples = inner != product.operands[1] && element_count(own.body.type(inner).shape) != 1;
    way.operands.push_back(samples ? batch_blocked(4) : Layout{});
  }
  const PlaneProduct planes = backward_data_product(size);
  const double least = cost(graph, node).bytes / bytes_per_second + call_seconds;
  std::vector<Implementation> ways = {std::move(way)};
  ways.push_back({std::vector<Layout>(node.operands.size()), std::vector<Layout>(node.results.size()),
                  plain_convolution_seconds(planes) + least});
  std::ranges::move(channel_convolution_ways(node, own.body, *form, planes, least), std::back_inserter(ways));
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  const Layout& layout = graph.type(node.results[0]).layout;
  if (layout == batch_blocked(4)) return {{BackwardDataWriter(graph, node, cpu).write()}, 0};
  const NodeBody own = body_of(graph, node);
  const ProductForm form = *backward_data_form(own.body);
  const PlaneProduct product = backward_data_product(size_of_node(own.body, own.body.node(form.product)));
  return {{layout.is_plain() ? plain_convolution(graph, node, cpu, form, product)
                             : channel_convolution(graph, node, cpu, form, product)},
          0};
}

}  // namespace

std::optional<std::string> refuses_backward_data_body(const Graph& body) {
  std::string why;
  return backward_data_form(body, &why) ? std::nullopt : std::optional(why);
}

const Lowering convolution_backward_data_lowering = {implementations, lower};

}  // namespace sinter::jit
