#pragma once

#include <array>
#include <span>

#include "ir/shape.h"

namespace sinter::ops {

/// Steps through the elements of an operand in the row-major order of a result that it broadcasts to, or
/// whose dimensions it lies in by given strides. Needs no heap.
class Walk {
 public:
  /// `operand` broadcasts to `result`; starts at element `start` of the result.
  Walk(std::span<const int64_t> result, std::span<const int64_t> operand, int64_t start) {
    std::array<int64_t, max_rank> strides{};
    int64_t step = 1;
    for (size_t back = 1; back <= operand.size(); ++back) {
      const int64_t size = operand[operand.size() - back];
      strides[result.size() - back] = size == 1 ? 0 : step;
      step *= size;
    }
    begin(result, strides, start);
  }

  /// Dimension d of the result moves by strides[d] elements.
  static Walk strided(std::span<const int64_t> result, std::span<const int64_t> strides, int64_t start) {
    Walk walk;
    std::array<int64_t, max_rank> own{};
    std::copy(strides.begin(), strides.end(), own.begin());
    walk.begin(result, own, start);
    return walk;
  }

  int64_t offset() const { return offset_; }

  void next() {
    for (size_t d = rank_; d-- > 0;) {
      offset_ += strides_[d];
      if (++at_[d] < sizes_[d]) return;
      offset_ -= strides_[d] * sizes_[d];
      at_[d] = 0;
    }
  }

 private:
  Walk() = default;

  void begin(std::span<const int64_t> result, const std::array<int64_t, max_rank>& strides, int64_t start) {
    rank_ = result.size();
    std::copy(result.begin(), result.end(), sizes_.begin());
    strides_ = strides;
    for (size_t d = rank_; d-- > 0;) {
      if (sizes_[d] == 0) return;
      at_[d] = start % sizes_[d];
      start /= sizes_[d];
      offset_ += at_[d] * strides_[d];
    }
  }

  size_t rank_ = 0;
  int64_t offset_ = 0;
  std::array<int64_t, max_rank> sizes_{}, strides_{}, at_{};
};

}  // namespace sinter::ops
