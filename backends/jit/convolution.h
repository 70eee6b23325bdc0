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

  /// Rows of the padded dx in steps of the stride: step r is rows r * stride_h and the next stride_h - 1,
  /// which rows r - reach() to r of dy reach. So many steps have a row of x.
  int64_t steps() const { return (h - 1 + top) / stride_h + 1; }
  int64_t reach() const { return (kh - 1) / stride_h; }
};

Convolution convolution(const Shape& x, const Shape& weight, const Shape& y, const Attributes& attributes);

/// Estimated time of either gradient, every product made, with sixteen samples in the lanes.
double gradient_seconds(const Convolution& size);

/// Sizes of a pool's windows.
struct PoolSizes {
  int64_t kh, kw, stride_h, stride_w, top, left, oh, ow;
};

PoolSizes pool_sizes(const Graph& body, const Node& pool);

}  // namespace sinter::jit
