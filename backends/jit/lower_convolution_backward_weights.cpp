#include <algorithm>

#include "backends/jit/body_kernel.h"
#include "backends/jit/convolution.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr double share_of_peak = 0.7;
constexpr int64_t columns_at_once = 4;  // neighbours share most of what they read of x

int64_t ceil_divided(int64_t a, int64_t b) { return a > 0 ? (a + b - 1) / b : -(-a / b); }

// The convolution's weight gradient, and the sum of dy that is its bias's.
struct Form {
  NodeId weights = -1;
  ValueId bias = {};  ///< absent: only the weights are wanted
};

std::optional<std::string> refuses(const Graph& body, Form* form) {
  Form found;
  for (NodeId id = 0; id < static_cast<NodeId>(body.nodes().size()); ++id)
    if (body.node(id).op == OpKind::conv2d_backward_weights && found.weights < 0) found.weights = id;
  if (found.weights < 0) return "it has no gradient of a convolution's weights";
  const Node& weights = body.node(found.weights);
  for (const Node& node : body.nodes()) {
    if (&node == &weights) continue;
    const bool is_bias = node.op == OpKind::sum && node.operands[0] == weights.operands[1] &&
                         node.attributes.ints("axes") == Ints{0, 2, 3} &&
                         !node.attributes.boolean("keepdims");
    if (!is_bias || found.bias.valid())
      return fmt::format("{} is no sum of the convolution's dy", to_string(node.op));
    found.bias = node.results[0];
  }
  for (const ValueId id : weights.operands)
    if (body.info(id).kind != ValueKind::input || body.type(id).dtype != DType::f32)
      return "the gradient is computed from something else than operands in f32";
  if (body.results().size() != body.nodes().size()) return "a result stands twice or is not wanted";
  if (form != nullptr) *form = found;
  return std::nullopt;
}

Convolution size_of_node(const Graph& body, const Node& node) {
  return convolution(body.type(node.operands[0]).shape, body.type(node.results[0]).shape,
                     body.type(node.operands[1]).shape, node.attributes);
}

// Each unit makes the weights of some output channels and one input channel: sums over all samples, rows and
// columns, sixteen samples in the lanes, which are added up at the end.
class BackwardWeightsWriter {
 public:
  BackwardWeightsWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node), k_(kernel_.k) {
    refuses(kernel_.body(), &form_);
    const Node& weights = kernel_.body().node(form_.weights);
    size_ = size_of_node(kernel_.body(), weights);
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
  Form form_;
  Convolution size_{};
  std::optional<BatchValue> x_, dy_;
  BufferId dw_ = -1, bias_ = -1;
  TileShape tile_{};
  int64_t taps_ = 1;  ///< of a kernel row, in registers at a time
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  Form form;
  if (refuses(own.body, &form)) return {};
  const Convolution size = size_of_node(own.body, own.body.node(form.weights));
  const double filled = static_cast<double>(batch_blocks(size.n) * vector_size) / static_cast<double>(size.n);
  const double seconds =
      2 * size.multiply_adds() * filled / (share_of_peak * flops_per_second()) + call_seconds;
  return {{std::vector<Layout>(node.operands.size(), batch_blocked(4)),
           std::vector<Layout>(node.results.size()), seconds}};
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return {{BackwardWeightsWriter(graph, node, cpu).write()}, 0};
}

}  // namespace

std::optional<std::string> refuses_backward_weights_body(const Graph& body) { return refuses(body, nullptr); }

const Lowering convolution_backward_weights_lowering = {implementations, lower};

}  // namespace sinter::jit
