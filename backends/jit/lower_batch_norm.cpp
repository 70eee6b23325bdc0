#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/sum.h"
#include "ir/op_table.h"

// Batch normalisation in few sweeps over memory, in any layout that loops can walk: sums over all but the
// channels, a little arithmetic on channels, and one sweep that normalises.
namespace sinter::jit {
namespace {

using Exprs = std::vector<Expr>;

const std::vector<bool> all_but_channels = {true, false, true, true};

bool is_picture(const Type& type) { return type.shape.size() == 4; }

/// A value of the node, as loops over [N, C, H, W] see it.
SumOperand over_picture(const Type& type, size_t position) {
  return argument_of(type, is_picture(type) ? view_of(type) : View{{0}, {1}, {0}, {0}}, position);
}

/// The kernels of one node; each reads values by their place among its operands and results.
class Writer {
 public:
  Writer(const Graph& graph, const Node& node)
      : graph_(graph),
        node_(node),
        shape_(sizes(graph.type(node.results[0]).shape)),
        epsilon_(node.attributes.real("epsilon")) {}

  Lowered inference() {
    const SumOperand scale = coefficient("batch_norm_scale", {operand(2), operand(3)}, [&](const Exprs& x) {
      return scale_of(x[0], has(3) ? std::optional(x[1]) : std::nullopt);
    });
    normalize(operand(1), scale, operand(4));
    return finish();
  }

  // The variance from distances to the mean: a difference of two sums would lose the digits of a small one.
  Lowered training() {
    const SumOperand x = *operand(0), mean = result(1), variance = result(2);
    sum("batch_norm_mean", {x}, mean, 1 / count(), [](std::span<const Expr> v) { return v[0]; });
    sum("batch_norm_variance", {x, mean}, variance, 1 / count(), [](std::span<const Expr> v) {
      const Expr distance = v[0].builder().let("distance", v[0] - v[1]);
      return distance * distance;
    });
    const SumOperand scale = coefficient("batch_norm_scale", {variance, operand(1)}, [&](const Exprs& v) {
      return scale_of(v[0], has(1) ? std::optional(v[1]) : std::nullopt);
    });
    normalize(mean, scale, operand(2));
    return finish();
  }

  // dx = scale * (dy - constant - (x - mean) * slope), with what depends on the channel made beforehand.
  Lowered backward() {
    const SumOperand dy = *operand(0), x = *operand(1), mean = *operand(2), variance = *operand(3);
    const SumOperand dweight = result(1), dbias = result(2);
    const double share = 1 / count();
    sum("batch_norm_dbias", {dy}, dbias, 1, [](std::span<const Expr> v) { return v[0]; });
    const SumOperand inverse =
        coefficient("batch_norm_inverse", {variance}, [&](const Exprs& v) { return scale_of(v[0], {}); });
    sum("batch_norm_dweight", {dy, x, mean, inverse}, dweight, 1,
        [](std::span<const Expr> v) { return v[0] * ((v[1] - v[2]) * v[3]); });
    const SumOperand scale = coefficient("batch_norm_scale", {variance, operand(4)}, [&](const Exprs& v) {
      return scale_of(v[0], has(4) ? std::optional(v[1]) : std::nullopt);
    });
    const SumOperand constant = coefficient("batch_norm_constant", {dbias},
                                            [&](const Exprs& v) { return v[0] * number_like(v[0], share); });
    const SumOperand slope = coefficient("batch_norm_slope", {dweight, inverse}, [&](const Exprs& v) {
      return v[0] * v[1] * number_like(v[0], share);
    });
    pointwise("batch_norm_dx", {dy, x, mean, scale, constant, slope}, result(0),
              [](const Exprs& v) { return v[3] * (v[0] - v[4] - (v[1] - v[2]) * v[5]); });
    return finish();
  }

  double seconds() const { return seconds_; }

 private:
  bool has(size_t i) const { return i < node_.operands.size() && node_.operands[i].valid(); }
  std::optional<SumOperand> operand(size_t i) const {
    if (!has(i)) return std::nullopt;
    return over_picture(graph_.type(node_.operands[i]), i);
  }
  SumOperand result(size_t i) const {
    return over_picture(graph_.type(node_.results[i]), node_.operands.size() + i);
  }
  double count() const { return static_cast<double>(shape_[0] * shape_[2] * shape_[3]); }

  static Expr number_like(Expr x, double value) {
    return x.builder().number(x.dtype(), value, x.is_vector());
  }
  Expr scale_of(Expr variance, const std::optional<Expr>& weight) const {
    const Expr deviation =
        variance.builder().apply(Op::square_root, {variance + number_like(variance, epsilon_)});
    return (weight ? *weight : number_like(variance, 1)) / deviation;
  }

  void sum(const char* name, std::vector<SumOperand> operands, const SumOperand& result, double scale,
           std::function<Expr(std::span<const Expr>)> term) {
    const Sum sum{.name = name,
                  .shape = shape_,
                  .reduced = all_but_channels,
                  .operands = std::move(operands),
                  .term = std::move(term),
                  .result = result,
                  .scale = scale,
                  .only_present = true};
    append_sum(lowered_, sum);
    seconds_ += sum_seconds(sum);
  }

  // A number for each channel, kept in the node's scratch memory.
  template <typename F>
  SumOperand coefficient(const char* name, std::vector<std::optional<SumOperand>> from, F f) {
    lowered_.scratch_bytes = (lowered_.scratch_bytes + 63) / 64 * 64;
    SumOperand to{
        DType::f32, shape_[1], {{0}, {1}, {0}, {0}}, Buffer::Place::scratch, lowered_.scratch_bytes};
    lowered_.scratch_bytes += shape_[1] * size_of(DType::f32);
    std::vector<SumOperand> operands;
    for (auto& each : from)
      if (each) operands.push_back(std::move(*each));
    const std::vector<int64_t> channels = {1, shape_[1], 1, 1};
    write(name, channels, operands, to, f);
    return to;
  }

  void normalize(const std::optional<SumOperand>& mean, const SumOperand& scale,
                 const std::optional<SumOperand>& shift) {
    std::vector<SumOperand> operands = {*operand(0), *mean, scale};
    if (shift) operands.push_back(*shift);
    pointwise("batch_norm_normalize", operands, result(0), [&](const Exprs& v) {
      return shift ? multiply_add(v[0] - v[1], v[2], v[3]) : (v[0] - v[1]) * v[2];
    });
  }

  template <typename F>
  void pointwise(const char* name, const std::vector<SumOperand>& operands, const SumOperand& to, F f) {
    constexpr double vector_seconds = 1e-9;
    const Nest nest = write(name, shape_, operands, to, f);
    double bytes = static_cast<double>(to.elements * size_of(to.dtype));
    for (const SumOperand& each : operands) bytes += static_cast<double>(each.elements * size_of(each.dtype));
    seconds_ += nest_seconds(nest, bytes, vector_seconds);
  }

  // to = f(operands), element by element.
  template <typename F>
  Nest write(const char* name, const std::vector<int64_t>& shape, const std::vector<SumOperand>& operands,
             const SumOperand& to, F f) {
    KernelBuilder k(name);
    std::vector<View> views = {to.view};
    std::vector<BufferId> inputs;
    for (const SumOperand& each : operands) {
      views.push_back(each.view);
      inputs.push_back(buffer_of(k, fmt::format("x{}", inputs.size()), each));
    }
    const BufferId output = buffer_of(k, "y", to);
    Nest nest(shape, views);
    const Nest unopened = nest;
    nest.over_kept(k, static_cast<double>(operands.size()), [&] {
      Exprs values;
      for (size_t i = 0; i < inputs.size(); ++i) values.push_back(k.let("v", nest.load(k, inputs[i], i + 1)));
      nest.store(k, output, 0, f(values));
    });
    lowered_.kernels.push_back(k.finish());
    return unopened;
  }

  Lowered finish() {
    for (Kernel& kernel : lowered_.kernels)
      kernel.scratch_argument = static_cast<int64_t>(node_.operands.size() + node_.results.size());
    return std::move(lowered_);
  }

  const Graph& graph_;
  const Node& node_;
  std::vector<int64_t> shape_;
  double epsilon_;
  Lowered lowered_;
  double seconds_ = 0;
};

Lowered write(Writer& writer, OpKind op) {
  if (op == OpKind::batch_norm) return writer.inference();
  return op == OpKind::batch_norm_training ? writer.training() : writer.backward();
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  Writer writer(graph, node);
  return write(writer, node.op);
}

// The graph with one node, its pictures in one layout: what an estimate is made of.
Graph in_layout(const Graph& graph, const Node& node, const Layout& layout) {
  Graph one;
  const auto laid = [&](ValueId id) {
    Type type = graph.type(id);
    type.layout = is_picture(type) ? layout : Layout();
    return type;
  };
  Node copy{node.op, node.attributes, {}, {}};
  for (const ValueId id : node.operands)
    copy.operands.push_back(id.valid() ? one.input(fmt::format("x{}", copy.operands.size()), laid(id)).id()
                                       : ValueId{});
  std::vector<Type> results;
  for (const ValueId id : node.results) results.push_back(laid(id));
  one.append_typed(std::move(copy), results);
  return one;
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  const Type& x = graph.type(node.operands[0]);
  if (x.dtype != DType::f32 || element_count(x.shape) == 0) return {};
  std::vector<Layout> layouts = {Layout{}, batch_blocked(4)};
  for (const Layout& layout : offered)
    if (can_view(layout) && layout.order().size() == 4 && std::ranges::find(layouts, layout) == layouts.end())
      layouts.push_back(layout);
  std::vector<Implementation> ways;
  for (const Layout& layout : layouts) {
    const Graph one = in_layout(graph, node, layout);
    Writer writer(one, one.node(0));
    write(writer, node.op);
    Implementation way{{}, {}, writer.seconds()};
    for (const ValueId id : node.operands)
      way.operands.push_back(id.valid() && is_picture(graph.type(id)) ? layout : Layout());
    for (const ValueId id : node.results)
      way.results.push_back(is_picture(graph.type(id)) ? layout : Layout());
    ways.push_back(std::move(way));
  }
  return ways;
}

}  // namespace

const Lowering batch_norm_lowering = {implementations, lower};

}  // namespace sinter::jit
