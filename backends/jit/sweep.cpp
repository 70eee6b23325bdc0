#include "backends/jit/sweep.h"

#include <numeric>

#include "backends/jit/floor_divided.h"

namespace sinter::jit {
namespace {

// Along one dimension.
struct Extent {
  int64_t x, y, kernel, stride, dilation, padding;
};

Sweep forward_sweep(const Extent& size) {
  return {size.y, 0, 1, size.kernel, 0, 1, size.stride, size.dilation, -size.padding};
}

// Result x is made of inputs y and elements k with x + padding = y * stride + k * dilation. Those of one
// remainder by the stride meet every `apart`-th element, if any; from the last to the first, so that inputs
// go up.
std::vector<Sweep> backward_sweeps(const Extent& size) {
  const int64_t common = std::gcd(size.stride, size.dilation), apart = size.stride / common;
  std::vector<Sweep> sweeps;
  for (int64_t phase = 0; phase < size.stride; ++phase) {
    const int64_t first = ceil_divided(size.padding - phase, size.stride),
                  end = floor_divided(size.x - 1 + size.padding - phase, size.stride) + 1;
    if (first >= end) continue;
    Sweep sweep{end - first, first * size.stride + phase - size.padding,
                size.stride, 0,
                0,           -apart,
                1,           size.dilation / common,
                first};
    for (int64_t k = 0; k < std::min(apart, size.kernel) && sweep.taps == 0; ++k) {
      const int64_t rest = phase - k * size.dilation;
      if (rest % size.stride != 0) continue;
      sweep.taps = ceil_divided(size.kernel - k, apart);
      sweep.tap_first = k + (sweep.taps - 1) * apart;
      sweep.in_offset += rest / size.stride - (sweep.taps - 1) * sweep.in_tap_step;
    }
    sweeps.push_back(sweep);
  }
  return sweeps;
}

Extent rows(const Convolution& size) {
  return {size.h, size.oh, size.kh, size.stride_h, size.dilation_h, size.top};
}

Extent columns(const Convolution& size) {
  return {size.w, size.ow, size.kw, size.stride_w, size.dilation_w, size.left};
}

}  // namespace

PlaneProduct forward_product(const Convolution& size) {
  const int64_t taps = size.kh * size.kw;
  return {.samples = size.n,
          .groups = size.groups,
          .in_channels = size.group_c(),
          .in_rows = size.h,
          .in_columns = size.w,
          .out_channels = size.group_o(),
          .out_rows = size.oh,
          .out_columns = size.ow,
          .out_weight_step = size.group_c() * taps,
          .in_weight_step = taps,
          .kernel_columns = size.kw,
          .vertical = {forward_sweep(rows(size))},
          .horizontal = {forward_sweep(columns(size))}};
}

PlaneProduct backward_data_product(const Convolution& size) {
  const int64_t taps = size.kh * size.kw;
  return {.samples = size.n,
          .groups = size.groups,
          .in_channels = size.group_o(),
          .in_rows = size.oh,
          .in_columns = size.ow,
          .out_channels = size.group_c(),
          .out_rows = size.h,
          .out_columns = size.w,
          .out_weight_step = taps,
          .in_weight_step = size.group_c() * taps,
          .kernel_columns = size.kw,
          .vertical = backward_sweeps(rows(size)),
          .horizontal = backward_sweeps(columns(size))};
}

}  // namespace sinter::jit
