#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/files/safetensors.h"

namespace sinter {

/// What the first element that is no finite number is: "nan" or "infinity"; nothing: all are finite.
std::optional<std::string_view> non_finite(const Tensor& tensor);

/// `0.weight holds nan`, of the first tensor that has such an element; nothing: none has.
std::optional<std::string> first_non_finite(const NamedTensors& tensors);

}  // namespace sinter
