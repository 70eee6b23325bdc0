#include "backends/jit/body_kernel.h"
#include "backends/jit/convolution.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/tile_shape.h"
#include "backends/jit/weight_sums.h"

namespace sinter::jit {
namespace {

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

Form form_of(const Graph& body) {
  Form form;
  refuses(body, &form);
  return form;
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
      : kernel_(graph, node),
        k_(kernel_.k),
        form_(form_of(kernel_.body())),
        weights_(kernel_.body().node(form_.weights)),
        size_(size_of_node(kernel_.body(), weights_)),
        sums_(k_, size_, kernel_.samples(weights_.operands[0]), cpu),
        dy_(kernel_.samples(weights_.operands[1])),
        dw_(kernel_.buffer(weights_.results[0])) {}

  Kernel write() {
    const auto at = k_.parallel({{"ot", tile_count(size_.o, sums_.channels())}, {"c", size_.c}});
    for_own_tile(k_, at[0], size_.o, sums_.channels(),
                 [&](Index o, int64_t channels) { write_channels(o, channels, at[1]); });
    return kernel_.finish();
  }

 private:
  void write_channels(const Index& o, int64_t channels, const Index& c) {
    sums_.over_taps([&](const WeightSums::Taps& taps) { write_taps(o, channels, c, taps); });
    if (form_.bias.valid()) k_.when({Index(0) - c}, [&] { write_bias(o, channels); });
  }

  void write_taps(const Index& o, int64_t channels, const Index& c, const WeightSums::Taps& taps) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {channels, taps.count});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", channels, [&](Index i) { k_.unroll("j", taps.count, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) { sum.set({i, j}, k_.number(DType::f32, 0, true)); });
    k_.loop("block", 0, batch_blocks(size_.n), [&](Index block) {
      k_.loop("y", taps.first_rows, taps.end_rows, [&](Index y) {
        const auto dy = [&](const Index& i, const Index& x) { return dy_.load(block, {o + i, y, x}); };
        sums_.add(sum, channels, taps, {block, c, y, dy});
      });
    });
    each([&](Index i, Index j) {
      const Index at = (((o + i) * size_.c + c) * size_.kh + taps.ky) * size_.kw + taps.kx + j;
      k_.store({.buffer = dw_, .index = at}, k_.apply(Op::sum_lanes, {sum(i, j)}));
    });
  }

  void write_bias(const Index& o, int64_t channels) {
    const BufferId bias = kernel_.buffer(form_.bias);
    const TileHandle sum = k_.tile("bias", DType::f32, true, {channels});
    k_.unroll("i", channels, [&](Index i) { sum.set({i}, k_.number(DType::f32, 0, true)); });
    k_.loop("block", 0, batch_blocks(size_.n), [&](Index block) {
      k_.loop("y", 0, size_.oh, [&](Index y) {
        k_.loop("x", 0, size_.ow, [&](Index x) {
          k_.unroll("i", channels, [&](Index i) { sum.set({i}, sum(i) + dy_.load(block, {o + i, y, x})); });
        });
      });
    });
    k_.unroll("i", channels, [&](Index i) {
      k_.store({.buffer = bias, .index = o + i}, k_.apply(Op::sum_lanes, {sum(i)}));
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  Form form_;
  const Node& weights_;
  Convolution size_;
  WeightSums sums_;
  BatchValue dy_;
  BufferId dw_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  Form form;
  if (refuses(own.body, &form)) return {};
  const Convolution size = size_of_node(own.body, own.body.node(form.weights));
  return {{std::vector<Layout>(node.operands.size(), batch_blocked(4)),
           std::vector<Layout>(node.results.size()), gradient_seconds(size) + call_seconds}};
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return {{BackwardWeightsWriter(graph, node, cpu).write()}, 0};
}

}  // namespace

std::optional<std::string> refuses_backward_weights_body(const Graph& body) { return refuses(body, nullptr); }

const Lowering convolution_backward_weights_lowering = {implementations, lower};

}  // namespace sinter::jit
