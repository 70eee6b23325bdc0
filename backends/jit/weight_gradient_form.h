#pragma once

#include <optional>
#include <string>

#include "backends/jit/convolution.h"
#include "ir/graph.h"

namespace sinter::jit {

/// A body that is a convolution's weight gradient, and perhaps the sum of dy that is its bias's.
struct WeightGradientForm {
  NodeId weights = -1;
  ValueId bias = {};  ///< absent: only the weights are wanted
};

/// Why a body is not of that form; with `form` what it is.
std::optional<std::string> refuses_weight_gradient(const Graph& body, WeightGradientForm* form);
Convolution size_of_weight_gradient(const Graph& body, const WeightGradientForm& form);

}  // namespace sinter::jit
