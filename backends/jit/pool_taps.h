#pragma once

#include "backends/jit/convolution.h"
#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// What a pool makes of a window, one element after the other in row-major order: the largest and where it is
/// (NaN wins, then the first of equals), or the mean.
class PoolTaps {
 public:
  PoolTaps(KernelBuilder& builder, const Node& pool, const PoolSizes& windows);

  /// The element at row `i` and column `j` of the window.
  void add(Expr element, const Index& i, const Index& j) const;

  Expr value() const;
  Expr argmax() const { return place_->read({}); }  ///< i32; of max_pool2d_argmax

 private:
  KernelBuilder* builder_;
  bool is_mean_;
  PoolSizes windows_;
  TileHandle best_;
  std::optional<TileHandle> place_, count_;
};

}  // namespace sinter::jit
