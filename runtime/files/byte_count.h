#pragma once

#include <optional>
#include <span>

#include "ir/dtype.h"

namespace sinter {

/// Bytes of a tensor whose shape comes from a file; nothing if a dimension is negative or the shape is too
/// large for Tensor, which wants it to fit 63 bits with elements of 8 bytes.
inline std::optional<int64_t> byte_count(DType dtype, std::span<const int64_t> shape) {
  int64_t widest = 8;
  bool fits = true;
  for (const int64_t size : shape) fits = fits && size >= 0 && !__builtin_mul_overflow(widest, size, &widest);
  return fits ? std::optional(widest / 8 * size_of(dtype)) : std::nullopt;
}

}  // namespace sinter
