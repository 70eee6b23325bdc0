#include <algorithm>

#include "backends/jit/body_kernel.h"
#include "backends/jit/channel_weight_gradient.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/pixel_value.h"
#include "backends/jit/tile_shape.h"
#include "ir/cost.h"

namespace sinter::jit {
namespace {

constexpr double share_of_peak = 0.7;
constexpr int64_t columns_at_once = 4;  // neighbours share most of what they read of x

int64_t ceil_divided(int64_t a, int64_t b) { return a > 0 ? (a + b - 1) / b : -(-a / b); }

// Each unit makes the weights of some output channels and one input channel: sums over all samples, rows and
// columns, sixteen samples in the lanes, which are added up at the end.
class BackwardWeightsWriter {
 public:
  BackwardWeightsWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node), k_(kernel_.k) {
    refuses_weight_gradient(kernel_.body(), &form_);
    const Node& weights = kernel_.body().node(form_.weights);
    size_ = size_of_weight_gradient(kernel_.body(), form_);
    x_ = kernel_.samples(weights.operands[0]);
    dy_ = kernel_.samples(weights.operands[1]);
    dw_ = kernel_.buffer(weights.results[0]);
    if (form_.bias.valid()) bias_ = kernel_.buffer(form_.bias);
    const int64_t taps = std::min(size_.kw, static_cast<int64_t>(cpu.vector_registers) - 3);
    tile_ =
        choose_tile({.outer = size_.o, .inner = taps, .inner_step = taps, .registers = cpu.vector_registers});
    taps_ = taps;
  }

  Kernel write() {
    const auto at = k_.parallel({{"ot", tile_count(size_.o, tile_.outer)}, {"c", size_.c}});
    for_own_tile(k_, at[0], size_.o, tile_.outer,
                 [&](Index o, int64_t channels) { write_channels(o, channels, at[1]); });
    return kernel_.finish();
  }

 private:
  void write_channels(const Index& o, int64_t channels, const Index& c) {
    const auto rows_of = [&](const Index& ky, std::vector<Index> lower, std::vector<Index> upper) {
      for (int64_t kx = 0; kx < size_.kw; kx += taps_)
        write_taps(o, channels, c, ky, kx, std::min(taps_, size_.kw - kx), lower, upper);
    };
    if (size_.stride_h == 1)
      k_.loop("ky", 0, size_.kh, [&](Index ky) {
        rows_of(ky, {0, size_.top - ky}, {size_.oh, size_.h + size_.top - ky});
      });
    else
      for (int64_t ky = 0; ky < size_.kh; ++ky)
        rows_of(ky, {std::max<int64_t>(0, ceil_divided(size_.top - ky, size_.stride_h))},
                {std::min(size_.oh, ceil_divided(size_.h + size_.top - ky, size_.stride_h))});
    if (form_.bias.valid()) k_.when({Index(0) - c}, [&] { write_bias(o, channels); });
  }

  void write_taps(const Index& o, int64_t channels, const Index& c, const Index& ky, int64_t kx, int64_t taps,
                  const std::vector<Index>& lower, const std::vector<Index>& upper) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {channels, taps});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", channels, [&](Index i) { k_.unroll("j", taps, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) { sum.set({i, j}, k_.number(DType::f32, 0, true)); });
    k_.loop("block", 0, batch_blocks(size_.n), [&](Index block) {
      k_.loop("y", lower, upper, [&](Index y) { add_row(sum, block, o, channels, c, y, ky, kx, taps); });
    });
    each([&](Index i, Index j) {
      const Index at = (((o + i) * size_.c + c) * size_.kh + ky) * size_.kw + kx + j;
      k_.store({.buffer = dw_, .index = at}, k_.apply(Op::sum_lanes, {sum(i, j)}));
    });
  }

  // Columns whose taps all lie within x run in a loop; those at the borders are written out.
  void add_row(const TileHandle& sum, const Index& block, const Index& o, int64_t channels, const Index& c,
               const Index& y, const Index& ky, int64_t kx, int64_t taps) {
    const auto add = [&](const Index& column, int64_t begin, int64_t end) {
      const Index row = y * size_.stride_h + ky - size_.top;
      const TileHandle dy = k_.tile("dy", DType::f32, true, {channels});
      k_.unroll("i", channels, [&](Index i) { dy.set({i}, dy_->load(block, {o + i, y, column})); });
      for (int64_t tap = begin; tap < end; ++tap) {
        const Expr x =
            k_.let("x", x_->load(block, {c, row, column * size_.stride_w + (kx + tap - size_.left)}));
        k_.unroll("i", channels, [&](Index i) {
          sum.set({i, tap}, multiply_add(x, dy(i), sum(i, Index(tap))));
        });
      }
    };
    const int64_t first = std::clamp<int64_t>(ceil_divided(size_.left - kx, size_.stride_w), 0, size_.ow);
    const int64_t end = std::clamp<int64_t>(
        ceil_divided(size_.w + size_.left - (kx + taps - 1), size_.stride_w), first, size_.ow);
    const auto border = [&](int64_t column) {
      const int64_t begin = size_.left - kx - column * size_.stride_w;
      add(column, std::max<int64_t>(0, begin), std::min(taps, begin + size_.w));
    };
    for (int64_t column = 0; column < first; ++column) border(column);
    for_tiles(k_, "xt", end - first, columns_at_once, [&](Index start, int64_t width) {
      k_.unroll("u", width, [&](Index u) { add(start + first + u, 0, taps); });
    });
    for (int64_t column = end; column < size_.ow; ++column) border(column);
  }

  void write_bias(const Index& o, int64_t channels) {
    const TileHandle sum = k_.tile("bias", DType::f32, true, {channels});
    k_.unroll("i", channels, [&](Index i) { sum.set({i}, k_.number(DType::f32, 0, true)); });
    k_.loop("block", 0, batch_blocks(size_.n), [&](Index block) {
      k_.loop("y", 0, size_.oh, [&](Index y) {
        k_.loop("x", 0, size_.ow, [&](Index x) {
          k_.unroll("i", channels, [&](Index i) { sum.set({i}, sum(i) + dy_->load(block, {o + i, y, x})); });
        });
      });
    });
    k_.unroll("i", channels, [&](Index i) {
      k_.store({.buffer = bias_, .index = o + i}, k_.apply(Op::sum_lanes, {sum(i)}));
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  WeightGradientForm form_;
  Convolution size_{};
  std::optional<BatchValue> x_, dy_;
  BufferId dw_ = -1, bias_ = -1;
  TileShape tile_{};
  int64_t taps_ = 1;  ///< of a kernel row, in registers at a time
};

// A value that is an operand twice lies in one way.
bool is_possible(const Node& node, const Implementation& way) {
  for (size_t i = 0; i < node.operands.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (node.operands[i] == node.operands[j] && way.operands[i] != way.operands[j]) return false;
  return true;
}

void add_channel_lanes(const Graph& graph, const Node& node, const NodeBody& own,
                       const WeightGradientForm& form, std::vector<Implementation>& ways) {
  const Node& weights = own.body.node(form.weights);
  const Convolution size = size_of_weight_gradient(own.body, form);
  const double least = cost(graph, node).bytes / bytes_per_second + call_seconds;
  const Layout of_samples[] = {{}, channel_blocked()}, of_weights[] = {{}, batch_blocked(4)};
  for (const Layout& x : of_samples)
    for (const Layout& dy : of_samples)
      for (const Layout& dw : of_weights) {
        Implementation way{{}, {}, channel_weight_gradient_seconds(size, dy, dw) + least};
        for (const ValueId id : own.body.inputs()) way.operands.push_back(id == weights.operands[0] ? x : dy);
        for (const GraphResult& result : own.body.results())
          way.results.push_back(result.value == form.bias ? Layout{} : dw);
        if (is_possible(node, way)) ways.push_back(std::move(way));
      }
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  WeightGradientForm form;
  if (refuses_weight_gradient(own.body, &form)) return {};
  const Convolution size = size_of_weight_gradient(own.body, form);
  const double filled = static_cast<double>(batch_blocks(size.n) * vector_size) / static_cast<double>(size.n);
  const double seconds =
      2 * size.multiply_adds() * filled / (share_of_peak * flops_per_second()) + call_seconds;
  std::vector<Implementation> ways = {{std::vector<Layout>(node.operands.size(), batch_blocked(4)),
                                       std::vector<Layout>(node.results.size()), seconds}};
  add_channel_lanes(graph, node, own, form, ways);
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  if (graph.type(node.operands[0]).layout == batch_blocked(4))
    return {{BackwardWeightsWriter(graph, node, cpu).write()}, 0};
  WeightGradientForm form;
  refuses_weight_gradient(body_of(graph, node).body, &form);
  return {{channel_weight_gradient(graph, node, cpu, form)}, 0};
}

}  // namespace

std::optional<std::string> refuses_backward_weights_body(const Graph& body) {
  return refuses_weight_gradient(body, nullptr);
}

const Lowering convolution_backward_weights_lowering = {implementations, lower};

}  // namespace sinter::jit
