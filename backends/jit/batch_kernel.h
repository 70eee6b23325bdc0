#pragma once

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body.h"

namespace sinter::jit {

/// A kernel in batch lanes under construction: the node's values as its buffers.
class BatchKernel {
 public:
  BatchKernel(const Graph& graph, const Node& node);

  /// A value of the node that has samples.
  BatchValue samples(ValueId id);
  BufferId buffer(ValueId id);
  /// One element of a plain value, for all lanes.
  Expr spread(BufferId buffer, Index index);
  Kernel finish();

  KernelBuilder k;

 private:
  const Graph& graph_;
  const Node& node_;
};

}  // namespace sinter::jit
