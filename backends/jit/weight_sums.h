#pragma once

#include <functional>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/convolution.h"
#include "backends/jit/instruction_set.h"

namespace sinter::jit {

/// Estimated time of the whole gradient of the weights by such sums, every product made.
double weight_sums_seconds(const Convolution& size);

/// Sums of a convolution's gradient by weights that are in registers at a time: those of some output
/// channels, one input channel and neighbouring taps of a kernel row, sixteen samples in the lanes.
class WeightSums {
 public:
  WeightSums(KernelBuilder& k, const Convolution& size, const BatchValue& x, const CpuTarget& cpu);

  /// Output channels that are summed at a time.
  int64_t channels() const { return channels_; }

  struct Taps {
    Index ky;
    int64_t kx, count;
    std::vector<Index> first_rows, end_rows;  ///< of dy: those that meet x on this row of the kernel
  };
  void over_taps(const std::function<void(const Taps&)>& body) const;

  /// A row of dy, and the input channel that it is multiplied with.
  struct Row {
    Index block, c, y;
    std::function<Expr(const Index& channel, const Index& x)> dy;
  };
  void add(const TileHandle& sum, int64_t channels, const Taps& taps, const Row& row) const;

 private:
  void add_column(const TileHandle& sum, int64_t channels, const Taps& taps, const Row& row,
                  const Index& column, int64_t begin, int64_t end) const;

  KernelBuilder& k_;
  Convolution size_;
  BatchValue x_;
  int64_t taps_, channels_;
};

}  // namespace sinter::jit
