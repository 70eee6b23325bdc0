#pragma once

#include <sinter/dtype.hpp>
#include <sinter/shape.hpp>
#include <sinter/visibility.hpp>
#include <string>

namespace sinter {

/// What there is to know of a tensor without its elements. Tensors are row-major.
struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  Shape shape = {};

  /// Elements. Throws InputError where a dimension is a symbol.
  SINTER_API int64_t count() const;
  bool operator==(const TensorInfo&) const = default;
};

/// `image: f32[N, 1, 28, 28]`
SINTER_API std::string to_string(const TensorInfo& info);

}  // namespace sinter
