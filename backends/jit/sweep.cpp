#include "backends/jit/sweep.h"

#include "backends/jit/floor_divided.h"

namespace sinter::jit {
namespace {

Sweep forward_sweep(int64_t results, int64_t kernel, int64_t stride, int64_t padding) {
  return {results, 0, 1, kernel, 0, 1, stride, -padding};
}

// Result x is made of inputs y and elements k with x + padding = y * stride + k: those of one remainder, from
// the last element to the first, so that inputs go up.
std::vector<Sweep> backward_sweeps(int64_t results, int64_t kernel, int64_t stride, int64_t padding) {
  std::vector<Sweep> sweeps;
  for (int64_t phase = 0; phase < stride; ++phase) {
    const int64_t first = ceil_divided(padding - phase, stride),
                  end = floor_divided(results - 1 + padding - phase, stride) + 1,
                  taps = kernel > phase ? ceil_divided(kernel - phase, stride) : 0;
    if (first >= end) continue;
    sweeps.push_back({end - first, first * stride + phase - padding, stride, taps,
                      taps > 0 ? (taps - 1) * stride + phase : 0, -stride, 1,
                      first - (taps > 0 ? taps - 1 : 0)});
  }
  return sweeps;
}

}  // namespace

PlaneProduct forward_product(const Convolution& size) {
  const int64_t taps = size.kh * size.kw;
  return {size.n,
          size.c,
          size.h,
          size.w,
          size.o,
          size.oh,
          size.ow,
          size.c * taps,
          taps,
          size.kw,
          {forward_sweep(size.oh, size.kh, size.stride_h, size.top)},
          {forward_sweep(size.ow, size.kw, size.stride_w, size.left)}};
}

PlaneProduct backward_data_product(const Convolution& size) {
  const int64_t taps = size.kh * size.kw;
  return {size.n,
          size.o,
          size.oh,
          size.ow,
          size.c,
          size.h,
          size.w,
          taps,
          size.c * taps,
          size.kw,
          backward_sweeps(size.h, size.kh, size.stride_h, size.top),
          backward_sweeps(size.w, size.kw, size.stride_w, size.left)};
}

}  // namespace sinter::jit
