#pragma once

#include <map>
#include <sinter/model_builder.hpp>

#include "ir/graph.h"

namespace sinter {

/// The graph that a builder's tensors are values of.
struct SymbolicTensor::Network {
  Graph graph;
  std::map<std::string, int, std::less<>> layers = {};  ///< without a name of their own, by what they are
};

/// The way from a tensor to its value and back, for the layers.
struct BuilderAccess {
  static Graph& graph(const SymbolicTensor& tensor) { return tensor.network_->graph; }
  static Value value(const SymbolicTensor& tensor) { return tensor.network_->graph.value({tensor.value_}); }
  /// `value` in the network of `tensor`.
  static SymbolicTensor with(const SymbolicTensor& tensor, Value value) {
    return {tensor.network_, value.id().index};
  }
  /// `name`, or where that is empty one made of what the layer is: "conv2d2".
  static std::string layer_name(const SymbolicTensor& x, std::string_view kind, std::string name);
  /// The value of `other`. Throws InputError where it is in another network than `x`.
  static Value value_beside(const SymbolicTensor& x, const SymbolicTensor& other);
};

}  // namespace sinter
