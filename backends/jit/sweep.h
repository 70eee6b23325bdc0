#pragma once

#include <algorithm>
#include <vector>

#include "backends/jit/convolution.h"

namespace sinter::jit {

/// A convolution along one dimension, in either direction. Result i lies at out_first + i * out_step and is
/// the sum over taps t of the input at i * in_step + t * in_tap_step + in_offset, which is zero beyond its
/// ends, times the kernel's element at tap_first + t * tap_step.
struct Sweep {
  int64_t results, out_first, out_step;
  int64_t taps, tap_first, tap_step;
  int64_t in_step, in_tap_step, in_offset;

  /// What is read of the input, padding included, by so many results.
  int64_t span(int64_t results_read) const {
    return (results_read - 1) * in_step + (taps > 1 ? (taps - 1) * in_tap_step : 0) + 1;
  }
};

/// Sums of products of planes: all that a convolution and its gradient by data differ in. Channels are those
/// of one group; a sample's groups lie one after the other.
struct PlaneProduct {
  int64_t samples, groups;
  int64_t in_channels, in_rows, in_columns;
  int64_t out_channels, out_rows, out_columns;
  /// In the weights, from one channel to the next: of the results, of the input.
  int64_t out_weight_step, in_weight_step;
  int64_t kernel_columns;
  /// Each makes some of the results: one forward, as many as phases of the stride backward.
  std::vector<Sweep> vertical, horizontal;

  /// Every group of every sample.
  int64_t images() const { return samples * groups; }
  /// In the weights, from one group to the next.
  int64_t group_weight_step() const {
    return std::max(out_channels * out_weight_step, in_channels * in_weight_step);
  }
};

PlaneProduct forward_product(const Convolution& size);
/// The input is dy, the results are dx: those a stride apart meet the same elements of the kernel. Where
/// stride and dilation have a common factor some meet none.
PlaneProduct backward_data_product(const Convolution& size);

}  // namespace sinter::jit
