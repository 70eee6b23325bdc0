#include "backends/jit/body_kernel.h"
#include "backends/jit/channel_weight_gradient.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/pixel_value.h"
#include "backends/jit/plane_weight_gradient.h"
#include "backends/jit/tile_shape.h"
#include "backends/jit/weight_sums.h"
#include "ir/cost.h"

namespace sinter::jit {
namespace {

WeightGradientForm form_of(const Graph& body) {
  WeightGradientForm form;
  refuses_weight_gradient(body, &form);
  return form;
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
        size_(size_of_weight_gradient(kernel_.body(), form_)),
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
  WeightGradientForm form_;
  const Node& weights_;
  Convolution size_;
  WeightSums sums_;
  BatchValue dy_;
  BufferId dw_;
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
  const std::vector<Layout> plain(node.results.size());
  if (size.groups > 1)
    return {
        {std::vector<Layout>(node.operands.size()), plain,
         plane_weight_gradient_seconds(size) + cost(graph, node).bytes / bytes_per_second + call_seconds}};
  std::vector<Implementation> ways;
  if (size.is_dense())
    ways.push_back({std::vector<Layout>(node.operands.size(), batch_blocked(4)), plain,
                    weight_sums_seconds(size) + call_seconds});
  add_channel_lanes(graph, node, own, form, ways);
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  if (graph.type(node.operands[0]).layout == batch_blocked(4))
    return {{BackwardWeightsWriter(graph, node, cpu).write()}, 0};
  const NodeBody own = body_of(graph, node);
  const WeightGradientForm form = form_of(own.body);
  return {
      {size_of_weight_gradient(own.body, form).groups > 1 ? plane_weight_gradient(graph, node, cpu, form)
                                                          : channel_weight_gradient(graph, node, cpu, form)},
      0};
}

}  // namespace

std::optional<std::string> refuses_backward_weights_body(const Graph& body) {
  return refuses_weight_gradient(body, nullptr);
}

const Lowering convolution_backward_weights_lowering = {implementations, lower};

}  // namespace sinter::jit
