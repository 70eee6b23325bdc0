#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/files/safetensors.h"
#include "runtime/weights.h"

namespace sinter {

/// What the first element that is no finite number is: "nan" or "infinity"; nothing: all are finite.
std::optional<std::string_view> non_finite(const Tensor& tensor);

/// `0.weight holds nan`, of the first tensor that has such an element; nothing: none has.
std::optional<std::string> first_non_finite(const NamedTensors& tensors);

/// Runs a step again on the interpreter and says what first went wrong in it: `exp of "0" (node 3) first made
/// infinity`, or which input or parameter was not finite to begin with.
std::string first_non_finite_node(const Graph& graph, std::span<const Tensor> inputs, const Weights& weights);

}  // namespace sinter
