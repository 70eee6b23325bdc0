#pragma once

#include "bench/kernels/contestant.h"
#include "bench/kernels/layer_case.h"
#include "passes/plan_memory.h"
#include "runtime/compiled_graph.h"
#include "runtime/thread_pool.h"

namespace sinter::bench {

/// The backend declines a node.
class NoKernel : public Error {
 public:
  using Error::Error;
};

/// A layer's work as the pipelines make it: fused by fuse_epilogues (or not), laid out by assign_layouts, its
/// nodes compiled by a backend and run by a pool. Inputs and results lie as the plan likes them. Where
/// the graph computes an argmax, that is done once, before any step.
class NodeContestant final : public Contestant {
 public:
  /// Throws NoKernel.
  NodeContestant(const std::string& backend, bool fused, Graph graph, const NamedTensors& inputs,
                 ThreadPool& pool);

  void step() override;
  std::vector<Tensor> results() const override;
  std::vector<std::span<std::byte>> memory() override;
  std::string label() const override;

 private:
  void allocate();
  void* memory_of(ValueId id) const;
  void fill(const NamedTensors& inputs);
  void run(NodeId node);

  ThreadPool& pool_;
  std::shared_ptr<const Backend> backend_;  ///< kernels point into it
  Graph graph_;
  CompiledGraph program_;
  std::vector<std::shared_ptr<std::byte>> own_;  ///< by value; null in the arena and of constants
  std::shared_ptr<std::byte> arena_, workspace_;
};

}  // namespace sinter::bench
