#pragma once

#include "ir/build.h"

namespace sinter {

namespace models {

inline Value with_weights(Graph& graph, const std::string& name, Value x, int64_t outputs, int64_t kernel,
                          int64_t padding) {
  const Value weight =
      graph.parameter(name + ".weight", {DType::f32, {outputs, x.shape()[1], kernel, kernel}});
  const Value bias = graph.parameter(name + ".bias", {DType::f32, {outputs}});
  graph.at({.node = name});
  return conv2d(x, weight, bias, {.padding = {padding, padding, padding, padding}});
}

inline Value dense(Graph& graph, const std::string& name, Value x, int64_t outputs) {
  const Value weight = graph.parameter(name + ".weight", {DType::f32, {outputs, x.shape()[1]}});
  const Value bias = graph.parameter(name + ".bias", {DType::f32, {outputs}});
  graph.at({.node = name});
  return linear(x, weight, bias);
}

/// `whole`: with the linear layer that small tests do without.
inline Graph lenet(bool relu_max, int64_t classes, bool whole) {
  Graph graph;
  graph.name = relu_max ? "lenet_relu" : "lenet";
  const auto act = [&](Value x) { return relu_max ? relu(x) : sigmoid(x); };
  const auto pool = [&](Value x) {
    return relu_max ? max_pool2d(x, {.kernel_size = {2, 2}}) : avg_pool2d(x, {.kernel_size = {2, 2}});
  };
  Value x = graph.input("image", {DType::f32, {"N", 1, 28, 28}});
  x = pool(act(with_weights(graph, "0", x, 6, 5, 2)));
  x = flatten(pool(act(with_weights(graph, "3", x, 16, 5, 0))));
  x = act(dense(graph, "7", x, 120));
  if (whole) x = act(dense(graph, "9", x, 84));
  graph.add_result(dense(graph, "11", x, classes));
  graph.at({});
  return graph;
}

}  // namespace models

/// LeNet with sigmoid and average pool, or with ReLU and max pool, one linear layer short.
inline Graph small_lenet(bool relu_max, int64_t classes = 10) {
  return models::lenet(relu_max, classes, false);
}

/// As the embedded models are.
inline Graph whole_lenet(bool relu_max) { return models::lenet(relu_max, 10, true); }

/// A network for CIFAR-10: two pairs of 3x3 convolutions with a pool behind each, then two linear layers.
inline Graph cifar_cnn() {
  Graph graph;
  graph.name = "cifar_cnn";
  Value x = graph.input("image", {DType::f32, {"N", 3, 32, 32}});
  x = relu(models::with_weights(graph, "0", x, 16, 3, 1));
  x = max_pool2d(relu(models::with_weights(graph, "2", x, 16, 3, 1)), {.kernel_size = {2, 2}});
  x = relu(models::with_weights(graph, "5", x, 32, 3, 1));
  x = max_pool2d(relu(models::with_weights(graph, "7", x, 32, 3, 1)), {.kernel_size = {2, 2}});
  x = relu(models::dense(graph, "11", flatten(x), 64));
  graph.add_result(models::dense(graph, "13", x, 10));
  graph.at({});
  return graph;
}

}  // namespace sinter
