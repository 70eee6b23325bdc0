#include "tests/backends/convolution_layers.h"

#include <cmath>

namespace sinter {
namespace {

std::vector<Attributes::Named> sliding(const Conv2dOptions& options, Attributes::Named first) {
  return {std::move(first),
          {"stride", options.stride},
          {"padding", options.padding},
          {"dilation", options.dilation},
          {"groups", options.groups}};
}

}  // namespace

Type f32_type(const std::vector<int64_t>& shape) {
  return {DType::f32, Shape(shape.begin(), shape.end()), {}};
}

Type gradient_type(const ConvolutionLayer& layer) {
  Graph shapes;
  return forward(shapes, layer, false).type();
}

Value forward(Graph& graph, const ConvolutionLayer& layer, bool with_bias) {
  const Value x = graph.input("x", f32_type(layer.x)), weight = graph.input("w", f32_type(layer.weight));
  const OptionalValue bias =
      with_bias ? OptionalValue(graph.input("b", f32_type({layer.weight[0]}))) : std::nullopt;
  return conv2d(x, weight, bias, layer.options);
}

Value backward_data(Graph& graph, const ConvolutionLayer& layer) {
  const Value dy = graph.input("dy", gradient_type(layer)), weight = graph.input("w", f32_type(layer.weight));
  return apply(OpKind::conv2d_backward_data, {dy, weight},
               sliding(layer.options, {"input_size", Ints{layer.x[2], layer.x[3]}}));
}

void add_backward_weights(Graph& graph, const ConvolutionLayer& layer, bool with_bias) {
  const Value x = graph.input("x", f32_type(layer.x)), dy = graph.input("dy", gradient_type(layer));
  graph.add_result(backward_weights(layer, x, dy), "dw");
  if (with_bias) graph.add_result(sum(dy, {.axes = {0, 2, 3}}), "db");
}

Value backward_weights(const ConvolutionLayer& layer, const Value& x, const Value& dy) {
  return apply(OpKind::conv2d_backward_weights, {x, dy},
               sliding(layer.options, {"kernel_size", Ints{layer.weight[2], layer.weight[3]}}));
}

Bindings coarse_bindings(const Graph& graph, RandomEngine& random) {
  Bindings bindings = random_bindings(graph, random);
  for (Tensor& input : bindings.inputs)
    for (int64_t i = 0; i < input.count(); ++i) input.set(i, std::round(2 * input.at(i)) / 8);
  return bindings;
}

}  // namespace sinter
