#pragma once

#include "backends/jit/nest.h"

namespace sinter::jit {

/// A row of values along the reduced dimension of a nest, shifted by its maximum so that no exponential
/// overflows, held in the thread's workspace. To be made inside over_kept().
class SoftmaxRow {
 public:
  enum class Holds : uint8_t { shifted, exponentials };

  SoftmaxRow(KernelBuilder& k, Nest& nest, size_t axis, int64_t size, Holds holds);

  /// Reads view `view` of a buffer: the first two walks along the row. NaN passes through.
  void read(BufferId x, size_t view);
  /// What is held of the present element, inside over_reduced().
  Expr value() const;
  /// The sum of the exponentials: one for each row.
  Expr sum() const;
  /// The row's maximum.
  Expr shift() const { return *shift_; }

 private:
  Access place() const;
  bool row_is_vector() const { return nest_->vector() || nest_->lanes_are_reduced(); }
  Expr or_least(Expr value) const;

  KernelBuilder* k_;
  Nest* nest_;
  size_t axis_;
  Holds holds_;
  BufferId row_;
  std::optional<TileHandle> sum_;
  std::optional<Expr> shift_;
};

}  // namespace sinter::jit
