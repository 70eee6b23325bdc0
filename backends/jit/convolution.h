#pragma once

#include <optional>
#include <string>

#include "ir/graph.h"

namespace sinter::jit {

/// Sizes of a convolution, of whichever direction: x is [n, c, h, w], weight [o, c / groups, kh, kw], y [n,
/// o, oh, ow].
struct Convolution {
  int64_t n, c, h, w, o, kh, kw, oh, ow;
  int64_t stride_h, stride_w;
  int64_t top, left;  ///< padding
  int64_t dilation_h = 1, dilation_w = 1;
  int64_t groups = 1;

  /// Of each group: input and output channels.
  int64_t group_c() const { return c / groups; }
  int64_t group_o() const { return o / groups; }
  /// Rows and columns from a kernel's first tap to its last.
  int64_t kernel_rows() const { return (kh - 1) * dilation_h + 1; }
  int64_t kernel_columns() const { return (kw - 1) * dilation_w + 1; }
  /// Taps side by side, every input channel for every output channel.
  bool is_dense() const { return groups == 1 && dilation_h == 1 && dilation_w == 1; }

  double multiply_adds() const {
    return static_cast<double>(n * o * oh * ow) * static_cast<double>(group_c() * kh * kw);
  }

  /// Of a dense one. Rows of the padded dx in steps of the stride: step r is rows r * stride_h and the next
  /// stride_h - 1, which rows r - reach() to r of dy reach. So many steps have a row of x.
  int64_t steps() const { return (h - 1 + top) / stride_h + 1; }
  int64_t reach() const { return (kh - 1) / stride_h; }
};

Convolution convolution(const Shape& x, const Shape& weight, const Shape& y, const Attributes& attributes);

/// Why a family of kernels that knows dense convolutions only cannot take this one; nothing: it can.
std::optional<std::string> refuses_grouped_or_dilated(const Node& convolution);

/// Estimated time of either gradient, every product made, with sixteen samples in the lanes.
double gradient_seconds(const Convolution& size);

/// Sizes of a pool's windows.
struct PoolSizes {
  int64_t kh, kw, stride_h, stride_w, top, left, oh, ow;
  int64_t dilation_h = 1, dilation_w = 1;

  /// Taps side by side.
  bool is_dense() const { return dilation_h == 1 && dilation_w == 1; }
  /// Dense windows beside one another from the first element on, which all lie in an image of that size.
  bool lie_apart(int64_t height, int64_t width) const {
    return is_dense() && stride_h == kh && stride_w == kw && top == 0 && left == 0 && oh * kh <= height &&
           ow * kw <= width;
  }
};

PoolSizes pool_sizes(const Graph& body, const Node& pool);

}  // namespace sinter::jit
