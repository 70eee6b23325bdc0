#pragma once

#include "ir/dtype.h"
#include "ir/layout.h"
#include "ir/shape.h"

namespace sinter {

/// The type of a value: element type, shape, and layout in memory.
struct Type {
  DType dtype = DType::f32;
  Shape shape = {};
  Layout layout = {};

  bool operator==(const Type&) const = default;
  /// Bytes in memory, block padding included; the shape must be concrete.
  int64_t bytes() const { return layout.bytes(sizes(shape), size_of(dtype)); }
};

/// `f32[N, 6, 28, 28]{aBcd16b}`
std::string to_string(const Type& type);

}  // namespace sinter
