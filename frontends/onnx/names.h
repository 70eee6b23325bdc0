#pragma once

#include <map>
#include <optional>
#include <string>

#include "ir/graph.h"

namespace sinter::onnx {

/// Integers that make up a shape, some of them symbols: what Shape gives, and arithmetic on it.
struct Dims {
  Shape values;
  bool scalar = false;  ///< one number without dimension, as Gather takes it out of a shape
};

/// What is known of a name in the model.
struct Named {
  std::optional<ValueId> value = {};    ///< in the graph, from when it is first read there
  std::optional<Tensor> constant = {};  ///< its elements, where they are known when the model is read
  std::optional<Dims> dims = {};        ///< as `constant`, where some are symbols
  std::string origin = {};              ///< `node "conv1"`, `input`, `initializer`
  bool parameter = false;               ///< trained: `constant` is only what it starts with
  bool given = false;  ///< an input: `constant` is what it will be fed, for ops that cannot do without

  /// Whether what depends on it can be computed once and for all.
  bool is_fixed() const { return constant && !parameter && !given; }
};

using Names = std::map<std::string, Named, std::less<>>;

}  // namespace sinter::onnx
