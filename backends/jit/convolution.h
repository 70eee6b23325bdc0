#pragma once

#include "ir/graph.h"

namespace sinter::jit {

/// Sizes of a convolution, of whichever direction: x is [n, c, h, w], weight [o, c, kh, kw], y [n, o, oh,
/// ow].
struct Convolution {
  int64_t n, c, h, w, o, kh, kw, oh, ow;
  int64_t stride_h, stride_w;
  int64_t top, left;  ///< padding

  double multiply_adds() const {
    return static_cast<double>(n * o * oh * ow) * static_cast<double>(c * kh * kw);
  }
};

Convolution convolution(const Shape& x, const Shape& weight, const Shape& y, const Attributes& attributes);

/// Sizes of a pool's windows.
struct PoolSizes {
  int64_t kh, kw, stride_h, stride_w, top, left, oh, ow;
};

PoolSizes pool_sizes(const Graph& body, const Node& pool);

}  // namespace sinter::jit
