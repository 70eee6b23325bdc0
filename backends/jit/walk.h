#pragma once

#include "backends/jit/sum.h"

namespace sinter::jit {

/// A kernel under construction that walks one nest of loops, and where values lie in them: each has a slot.
class Walk {
 public:
  using Values = std::vector<std::optional<SumOperand>>;  ///< by slot; absent: not in this kernel

  /// Loops follow the memory of `leader`.
  Walk(std::string name, const std::vector<int64_t>& shape, const std::vector<bool>& reduced,
       const View& leader, const Values& values);

  Expr load(size_t slot) { return k.let("v", nest.load(k, buffers_[slot], slot + 1)); }
  /// In the type that the slot has.
  void store(size_t slot, Expr value, const Index& offset = 0);
  /// An expression's number in the type of `like`, a vector where that is one.
  static Expr number_like(Expr like, double value) {
    return like.builder().number(like.dtype(), value, like.is_vector());
  }

  KernelBuilder k;
  Nest nest;

 private:
  std::vector<BufferId> buffers_;  ///< by slot
  std::vector<DType> dtypes_;
};

}  // namespace sinter::jit
