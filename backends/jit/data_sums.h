#pragma once

#include <functional>

#include "backends/jit/convolution.h"
#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// Sums of a convolution's gradient by data for a tile of input channels by a part of a row of dx, sixteen
/// samples in the lanes. Which elements of dy reach a column is known when the code is written, so that
/// borders and strides cost no multiplication by zero.
class DataSums {
 public:
  DataSums(KernelBuilder& k, const Convolution& size, BufferId weight, const CpuTarget& cpu);

  /// Input channels that are summed at a time.
  int64_t channels() const { return channels_; }

  /// Bounds of the steps (Convolution::steps) that are wanted, beside those of all.
  struct Steps {
    std::vector<Index> first = {}, end = {};
  };
  using Gradient = std::function<Expr(const Index& o, const Index& y, const Index& x)>;
  using Result = std::function<void(const Expr& sum, const Index& c, const Index& row, const Index& column)>;
  void write(const Index& c, int64_t channels, const Steps& steps, const Gradient& dy,
             const Result& store) const;

 private:
  struct Tile {
    Index c;
    int64_t channels;
    Index column;  ///< `start` or, in a loop, a multiple of the stride later
    int64_t start, width;
  };

  void choose_tile(int64_t registers);
  int64_t first_step(int64_t phase) const;
  int64_t end_step(int64_t phase) const;
  void over_columns(const std::function<void(Index column, int64_t start, int64_t width)>& body) const;
  void write_tile(const Tile& tile, const Index& r, int64_t phase, const Gradient& dy,
                  const Result& store) const;
  void add_row(const TileHandle& sum, const Tile& tile, const Index& o, const Index& y, const Index& ky,
               const Gradient& dy) const;
  Index divided(const Index& index) const;

  KernelBuilder& k_;
  Convolution size_;
  BufferId weight_;
  int64_t channels_ = 1, width_ = 1;
};

}  // namespace sinter::jit
