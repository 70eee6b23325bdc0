#pragma once

#include <cstdint>

namespace sinter::ops {

/// Sum of a[i] * b[i * stride]. Eight partial sums in a fixed order: one chain of additions would keep a
/// vector unit waiting, and the order must not depend on the compiler's mood.
template <typename T>
T dot(const T* a, const T* b, int64_t count, int64_t stride = 1) {
  constexpr int64_t lanes = 8;
  T partial[lanes] = {};
  int64_t i = 0;
  if (stride == 1) {
    for (; i + lanes <= count; i += lanes)
      for (int64_t lane = 0; lane < lanes; ++lane) partial[lane] += a[i + lane] * b[i + lane];
  }
  T rest = 0;
  for (; i < count; ++i) rest += a[i] * b[i * stride];
  for (int64_t width = lanes / 2; width > 0; width /= 2)
    for (int64_t lane = 0; lane < width; ++lane) partial[lane] += partial[lane + width];
  return partial[0] + rest;
}

}  // namespace sinter::ops
