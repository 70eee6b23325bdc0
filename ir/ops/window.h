#pragma once

#include <algorithm>

#include "ir/op_table.h"

namespace sinter::ops {

/// How a window slides along one dimension: output p reads inputs p * stride - before + k * dilation,
/// 0 <= k < kernel.
struct Slide {
  int64_t input, output, kernel, stride, before, after;
  int64_t dilation = 1;

  /// The outputs for which tap k falls inside the input: [first(k), last(k)).
  int64_t first(int64_t k) const {
    return std::max<int64_t>(0, (before - k * dilation + stride - 1) / stride);
  }
  int64_t last(int64_t k) const {
    const int64_t room = input - 1 + before - k * dilation;
    return room < 0 ? 0 : std::min(output, room / stride + 1);
  }
  /// The input that tap k of output p reads.
  int64_t at(int64_t p, int64_t k) const { return p * stride - before + k * dilation; }
};

/// What a window's attributes say, but for the kernel, which conv2d has from its weight.
struct Sliding {
  const Ints& stride;
  const Ints& padding;  ///< top, left, bottom, right
  const Ints& dilation;
  bool ceil_mode = false;  ///< whether the last window may reach beyond the padding
};

/// The two slides of a 2-D window.
struct Window {
  Slide h, w;
};

inline Window window(std::span<const int64_t> input, std::span<const int64_t> output, int64_t kernel_h,
                     int64_t kernel_w, const Sliding& s) {
  return {{input[2], output[2], kernel_h, s.stride[0], s.padding[0], s.padding[2], s.dilation[0]},
          {input[3], output[3], kernel_w, s.stride[1], s.padding[1], s.padding[3], s.dilation[1]}};
}

/// Output height and width, or a rejection that names the dimension where the kernel is larger than the
/// padded input.
Shape slide_output(const Inference& inference, const Shape& input, int64_t kernel_h, int64_t kernel_w,
                   const Sliding& sliding);

}  // namespace sinter::ops
