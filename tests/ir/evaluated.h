#pragma once

#include <functional>
#include <vector>

#include "ir/build.h"
#include "ir/interpreter.h"

namespace sinter {

/// The value that `expression` builds from the given tensors, evaluated. The expression gets one Value for
/// each tensor, so that tests read like the mathematics:
///   evaluated({x, k}, [](auto v) { return conv2d(v[0], v[1]); })
inline Tensor evaluated(std::vector<Tensor> tensors,
                        const std::function<Value(std::vector<Value>)>& expression) {
  Graph graph;
  std::vector<Value> values;
  for (const Tensor& tensor : tensors)
    values.push_back(graph.input("x" + std::to_string(values.size()), tensor.type()));
  graph.add_result(expression(values));
  return interpret(graph, {std::move(tensors), {}, {}}).front();
}

/// f32 elements 0, 1, 2, ... under a shape.
inline Tensor counting(std::vector<int64_t> shape, double first = 0) {
  Tensor tensor(DType::f32, std::move(shape));
  for (int64_t i = 0; i < tensor.count(); ++i) tensor.set(i, first + static_cast<double>(i));
  return tensor;
}

inline Tensor f32(std::vector<int64_t> shape, std::initializer_list<float> values) {
  return Tensor::of<float>(std::move(shape), values);
}

inline std::vector<double> elements(const Tensor& tensor) {
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.count(); ++i) values.push_back(tensor.at(i));
  return values;
}

}  // namespace sinter
