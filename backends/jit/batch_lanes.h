#pragma once

#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// The layout that keeps sixteen samples of every element together: `Abcd16a` for four dimensions.
Layout batch_blocked(size_t rank);

/// Blocks of sixteen samples, the last one perhaps a part of one.
int64_t batch_blocks(int64_t samples);

/// A value of a node in a kernel whose lanes are samples: reads and writes the elements of one block of
/// sixteen samples, whether it lies plain (a stride between lanes: slower) or batch-blocked. Lanes without a
/// sample are read as zeros from plain values, hold zeros in blocked ones, and are written as zeros there.
class BatchValue {
 public:
  BatchValue(KernelBuilder& builder, BufferId buffer, const Type& type);

  /// Sixteen samples of the element at `at`, the dimensions behind the batch.
  Expr load(const Index& block, std::span<const Index> at) const;
  Expr load(const Index& block, std::initializer_list<Index> at) const {
    return load(block, std::span(at.begin(), at.size()));
  }
  void store(const Index& block, std::span<const Index> at, Expr value) const;
  void store(const Index& block, std::initializer_list<Index> at, Expr value) const {
    store(block, std::span(at.begin(), at.size()), value);
  }
  /// Samples from the block's first on, where the last block is not whole.
  std::optional<Index> count(const Index& block) const;

 private:
  Access access(const Index& block, std::span<const Index> at) const;

  KernelBuilder* builder_;
  BufferId buffer_;
  std::vector<int64_t> shape_;
  bool blocked_;
};

}  // namespace sinter::jit
