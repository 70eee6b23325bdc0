#pragma once

#include "frontends/onnx/node_import.h"

namespace sinter::onnx {

/// Where a convolution's or pool's windows lie: one number for each of the dimensions behind N and C.
struct Windows {
  Ints kernel, stride, dilation;
  Ints before, behind;  ///< padding
  size_t rank() const { return kernel.size(); }
  /// From a window's first element to its last, both included.
  int64_t span(size_t i) const { return dilation[i] * (kernel[i] - 1) + 1; }
  /// top, left, bottom, right of the last two dimensions.
  Ints padding() const;
  /// The last two numbers of a list.
  static Ints plane(const Ints& all) { return {all.end() - 2, all.end()}; }
};

/// Reads strides, dilations, pads and auto_pad of a node whose kernel is known, for x [N, C, ...]. With
/// `transposed`, auto_pad is left to the caller, and the padding is 0 then.
Windows read_windows(const NodeImport& in, const Shape& x, const Ints& kernel, bool transposed = false);

/// x [N, C, W] as [N, C, 1, W], and the windows for it; x itself where it has two dimensions or more behind
/// C.
Value at_least_planes(Value x, Windows& windows);
Value at_least_planes(Value x);

}  // namespace sinter::onnx
