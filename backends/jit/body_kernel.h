#pragma once

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body.h"
#include "backends/jit/epilogue.h"

namespace sinter::jit {

/// A node's kernel under construction, written in terms of its body: the body's inputs and results are its
/// buffers.
class BodyKernel {
 public:
  BodyKernel(const Graph& graph, const Node& node);

  const Graph& body() const { return own_.body; }
  /// The type of the node's operand or result that an input or a result of the body stands for.
  const Type& type(ValueId id) const { return graph_.type(outer(id)); }
  BufferId buffer(ValueId id);
  /// A value that has samples.
  BatchValue samples(ValueId id) { return {k, buffer(id), type(id)}; }
  /// One element of a plain value, for all lanes.
  Expr spread(ValueId id, Index index);
  /// Sixteen samples of the element at `at`, of values that have samples; of others their only element.
  EpiloguePlace samples_at(const Index& block, std::vector<Index> at);
  Kernel finish();

  KernelBuilder k;

 private:
  ValueId outer(ValueId id) const;

  const Graph& graph_;
  const Node& node_;
  NodeBody own_;
  std::vector<BufferId> buffers_;  ///< by value of the body; -1: not asked for yet
};

}  // namespace sinter::jit
