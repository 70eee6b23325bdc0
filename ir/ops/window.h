#pragma once

#include <algorithm>

#include "ir/op_table.h"

namespace sinter::ops {

/// How a window slides along one dimension: output p reads inputs p * stride - before + k, 0 <= k < kernel.
struct Slide {
  int64_t input, output, kernel, stride, before;

  /// The outputs for which tap k falls inside the input: [first(k), last(k)).
  int64_t first(int64_t k) const { return std::max<int64_t>(0, (before - k + stride - 1) / stride); }
  int64_t last(int64_t k) const {
    const int64_t room = input - 1 + before - k;
    return room < 0 ? 0 : std::min(output, room / stride + 1);
  }
  /// The input that tap k of output p reads.
  int64_t at(int64_t p, int64_t k) const { return p * stride - before + k; }
};

/// The two slides of a 2-D window. `padding` is top, left, bottom, right.
struct Window {
  Slide h, w;
};

inline Window window(std::span<const int64_t> input, std::span<const int64_t> output, int64_t kernel_h,
                     int64_t kernel_w, const Ints& stride, const Ints& padding) {
  return {{input[2], output[2], kernel_h, stride[0], padding[0]},
          {input[3], output[3], kernel_w, stride[1], padding[1]}};
}

/// Output height and width, or a rejection that names the dimension where the kernel is larger than the
/// padded input.
Shape slide_output(const Inference& inference, const Shape& input, int64_t kernel_h, int64_t kernel_w,
                   const Ints& stride, const Ints& padding);

}  // namespace sinter::ops
