#include "bench/kernels/layer_case.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "ir/build.h"
#include "ir/interpreter.h"
#include "ir/philox.h"

namespace sinter::bench {
namespace {

Tensor random_tensor(const std::string& name, std::vector<int64_t> shape, float low, float high) {
  Tensor tensor(DType::f32, std::move(shape));
  Random random(1, stream_id(name));
  for (float& element : tensor.values<float>()) element = random.uniform(low, high);
  return tensor;
}

Tensor evaluate_one(OpKind op, const std::vector<Attributes::Named>& attributes, const Tensor& x,
                    size_t result = 0) {
  const std::optional<Tensor> operands[] = {x};
  return evaluate(op, Attributes(op, attributes), operands).at(result);
}

std::vector<Attributes::Named> window(const PoolShape& pool) {
  return {{"kernel_size", Ints{pool.kernel, pool.kernel}},
          {"stride", Ints{pool.stride, pool.stride}},
          {"padding", Ints(4, pool.padding)}};
}

// A gradient reaches only what passed the ReLU.
void clear_masked(Tensor& dy, const Tensor& pooled) {
  const auto largest = pooled.values<float>();
  auto gradient = dy.values<float>();
  for (size_t i = 0; i < gradient.size(); ++i)
    if (largest[i] <= 0) gradient[i] = 0;
}

void add_forward_values(const Layer& layer, NamedTensors& tensors) {
  // Of k * k elements the largest is below zero half of the time.
  const double window_size = layer.pool ? static_cast<double>(layer.pool->kernel * layer.pool->kernel) : 1;
  const auto below = static_cast<float>(std::pow(0.5, 1 / window_size));
  const Tensor z =
      random_tensor("z", {layer.n, layer.o, layer.conv_height(), layer.conv_width()}, -below, 1 - below);
  tensors["z"] = z;
  tensors["y"] = layer.activation ? evaluate_one(*layer.activation, {}, z) : z;
  const Tensor pooled = layer.pool ? evaluate_one(layer.pool->op, window(*layer.pool), z) : z;
  tensors["dy"] = random_tensor("dy", pooled.shape(), -0.5, 0.5);
  if (layer.masks_pooled_gradient()) clear_masked(tensors["dy"], pooled);
  if (layer.pool && layer.pool->op == OpKind::max_pool2d)
    tensors["argmax"] = evaluate_one(OpKind::max_pool2d_argmax, window(*layer.pool), z, 1);
}

class GraphWriter {
 public:
  GraphWriter(const Layer& layer, Argmax argmax) : layer_(layer), argmax_(argmax) {}

  Graph write(Work work) {
    const Ints stride = {layer_.s, layer_.s}, padding(4, layer_.p);
    if (work == Work::forward) {
      graph_.add_result(forward(
          conv2d(x(), weight(), parameter("bias", {layer_.o}), {.stride = stride, .padding = padding})));
      return std::move(graph_);
    }
    const Value dz = gradient_of_convolution();
    if (work == Work::backward_data) {
      graph_.add_result(
          apply(OpKind::conv2d_backward_data, {dz, weight()},
                {{"input_size", Ints{layer_.h, layer_.w}}, {"stride", stride}, {"padding", padding}}));
    } else {
      graph_.add_result(
          apply(OpKind::conv2d_backward_weights, {x(), dz},
                {{"kernel_size", Ints{layer_.k, layer_.k}}, {"stride", stride}, {"padding", padding}}));
      graph_.add_result(sum(dz, {.axes = {0, 2, 3}}));
    }
    return std::move(graph_);
  }

 private:
  Value parameter(std::string name, const Shape& shape, DType dtype = DType::f32) {
    return graph_.parameter(std::move(name), {dtype, shape, {}});
  }
  Value x() { return parameter("x", {layer_.n, layer_.c, layer_.h, layer_.w}); }
  Value weight() { return parameter("weight", {layer_.o, layer_.c, layer_.k, layer_.k}); }

  Value forward(Value y) {
    if (layer_.activation) y = apply(*layer_.activation, {y});
    if (layer_.pool) y = apply(layer_.pool->op, {y}, window(*layer_.pool));
    return y;
  }

  Shape convolved() const { return {layer_.n, layer_.o, layer_.conv_height(), layer_.conv_width()}; }

  // As autodiff and shrink_activation_gradients leave it.
  Value gradient_of_convolution() {
    if (!layer_.pool) return gradient_of_activation(parameter("dy", convolved()));
    const PoolShape& pool = *layer_.pool;
    const auto pooled = [&](int64_t size) {
      return (size + 2 * pool.padding - pool.kernel) / pool.stride + 1;
    };
    const Shape shape = {layer_.n, layer_.o, pooled(layer_.conv_height()), pooled(layer_.conv_width())};
    auto attributes = window(pool);
    attributes.push_back({"input_size", Ints{layer_.conv_height(), layer_.conv_width()}});
    const bool largest = pool.op == OpKind::max_pool2d;
    const OptionalValue argmax = largest ? OptionalValue(argmax_of(shape)) : OptionalValue();
    const Value dy = parameter("dy", shape);
    const Value expanded = largest ? apply(OpKind::max_pool2d_backward, {dy, argmax}, attributes)
                                   : apply(OpKind::avg_pool2d_backward, {dy}, attributes);
    return layer_.masks_pooled_gradient() ? expanded : gradient_of_activation(expanded);
  }

  Value argmax_of(const Shape& shape) {
    if (argmax_ == Argmax::given) {
      const bool small = layer_.pool->kernel * layer_.pool->kernel <= 256;
      return parameter("argmax", shape, small ? DType::u8 : DType::i32);
    }
    const std::optional<Value> operands[] = {parameter("z", convolved())};
    return graph_.append(OpKind::max_pool2d_argmax, operands,
                         Attributes(OpKind::max_pool2d_argmax, window(*layer_.pool)))[1];
  }

  Value gradient_of_activation(Value dy) {
    if (!layer_.activation) return dy;
    const Value y = parameter("y", convolved());
    if (*layer_.activation == OpKind::relu) return select(y <= 0.0, graph_.scalar(DType::f32, 0), dy);
    if (*layer_.activation == OpKind::leaky_relu) return select(y > 0.0, dy, dy * layer_.slope());
    if (*layer_.activation == OpKind::sigmoid) return dy * ((1.0 - y) * y);
    require(*layer_.activation == OpKind::tanh, "an activation that layers may have");
    return dy * (1.0 - y * y);
  }

  const Layer& layer_;
  Argmax argmax_;
  Graph graph_;
};

// The given indices of a dimension.
Tensor take(const Tensor& tensor, size_t dimension, std::span<const int64_t> indices) {
  std::vector<int64_t> shape = tensor.shape();
  int64_t outer = 1, inner = size_of(tensor.dtype());
  for (size_t i = 0; i < shape.size(); ++i) (i < dimension ? outer : inner) *= i == dimension ? 1 : shape[i];
  const int64_t size = shape[dimension];
  shape[dimension] = static_cast<int64_t>(indices.size());
  Tensor taken(tensor.dtype(), shape);
  auto* to = static_cast<std::byte*>(taken.data());
  for (int64_t i = 0; i < outer; ++i)
    for (const int64_t index : indices) {
      std::memcpy(to, static_cast<const std::byte*>(tensor.data()) + (i * size + index) * inner, inner);
      to += inner;
    }
  return taken;
}

std::vector<int64_t> spread(int64_t size, int64_t count) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back(count == 1 ? 0 : i * (size - 1) / (count - 1));
  return indices;
}

double difference(const Tensor& actual, const Tensor& expected) {
  require(actual.type() == expected.type(), "results of the expected type");
  const auto a = actual.values<float>(), b = expected.values<float>();
  double most = 0, largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i])) return std::numeric_limits<double>::infinity();
    most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return most / largest;
}

}  // namespace

NamedTensors make_inputs(const Layer& layer, Work work) {
  NamedTensors tensors;
  if (work != Work::backward_data)
    tensors["x"] = random_tensor("x", {layer.n, layer.c, layer.h, layer.w}, -0.5, 0.5);
  if (work != Work::backward_weights)
    tensors["weight"] = random_tensor("weight", {layer.o, layer.c, layer.k, layer.k}, -0.5, 0.5);
  if (work == Work::forward)
    tensors["bias"] = random_tensor("bias", {layer.o}, -0.5, 0.5);
  else
    add_forward_values(layer, tensors);
  return tensors;
}

Graph layer_graph(const Layer& layer, Work work, Argmax argmax) {
  return GraphWriter(layer, argmax).write(work);
}

Expected::Expected(const Layer& layer, Work work, const NamedTensors& inputs, double most_flops)
    : by_channel_(work == Work::backward_weights) {
  Layer part = layer;
  int64_t& size = by_channel_ ? part.o : part.n;
  const auto affordable = static_cast<int64_t>(most_flops / layer.flops() * static_cast<double>(size));
  parts_ = spread(size, std::min(size, std::max<int64_t>(2, affordable)));
  size = static_cast<int64_t>(parts_.size());
  const Graph graph = layer_graph(part, work);
  Bindings bindings;
  for (const ValueId id : graph.parameters()) {
    const std::string& name = graph.info(id).name;
    const bool whole = by_channel_ ? name == "x" : name == "weight" || name == "bias";
    const Tensor& input = inputs.find(name)->second;
    bindings.parameters.push_back(whole ? input : take(input, by_channel_ ? 1 : 0, parts_));
  }
  results_ = interpret(graph, bindings);
}

double Expected::error_of(std::span<const Tensor> results) const {
  require(results.size() == results_.size(), "as many results as expected");
  double worst = 0;
  for (size_t i = 0; i < results.size(); ++i)
    worst = std::max(worst, difference(take(results[i], 0, parts_), results_[i]));
  return worst;
}

}  // namespace sinter::bench
