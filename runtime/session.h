#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/executable.h"
#include "runtime/memory.h"
#include "runtime/thread_pool.h"
#include "runtime/weights.h"

namespace sinter {

struct MemoryNeed;

/// One run of an executable at a time: its intermediate values and results. Parameters and states are shared
/// by name, so that training on full and on remainder batches, and evaluation between, work on the same
/// weights. Thread safety: a session belongs to one thread at a time; sessions of one executable run side by
/// side. A session that trains must run alone on its weights.
class Session {
 public:
  /// Takes parameters from `weights` (InputError where one is missing or of another type); states that
  /// `weights` lacks are added to it as zeros. Allocates all that run() needs; where `available` bytes (none:
  /// unknown) are too few for that and for the inputs, throws Error with what the plan needs before anything
  /// is allocated or `weights` changed.
  Session(std::shared_ptr<const Executable> executable, std::shared_ptr<ThreadPool> pool, Weights weights,
          std::optional<int64_t> available = available_memory_bytes());

  /// Runs the graph on `inputs`, in the graph's order. Throws InputError where they do not fit, Error that
  /// names the node where a kernel fails: results are worth nothing then, and of what a step stores some may
  /// be stored. Allocates nothing, unless another program has since trained the weights in another layout.
  void run(std::span<const Tensor> inputs);
  /// A result of the last run, by its place among the graph's results, in plain layout. Results that are
  /// stored into a parameter or state are that tensor.
  const Tensor& result(size_t index) const;

  const Executable& executable() const { return *executable_; }
  /// What it holds beside inputs, weights and results.
  int64_t activation_bytes() const { return executable_->activation_bytes(pool_->threads()); }

 private:
  struct Patch {
    size_t buffer;  ///< place in buffers_
    size_t input;
  };
  /// A copy that the plan asks for, by way of memory of its own: what one overwrites another may have to
  /// read.
  struct Staged {
    ValueId from, to;
    int64_t bytes;
    std::shared_ptr<std::byte> memory;
  };

  void allocate(const MemoryNeed& need);
  void bind_weights();
  void bind(ValueId id);
  void collect_buffers();
  void check_inputs(std::span<const Tensor> inputs) const;
  void run_kernels();
  [[noreturn]] void fail_in(NodeId node) const;
  void store_results(std::span<const Tensor> inputs);
  void* memory_of(ValueId id) const;
  const void* source_of(ValueId id, std::span<const Tensor> inputs) const;
  /// Of the input whose memory this value has: it is that input, or a view of it.
  std::optional<size_t> input_index(ValueId id) const;

  std::shared_ptr<const Executable> executable_;
  std::shared_ptr<ThreadPool> pool_;
  Weights weights_;
  std::vector<Weights::Copy*> copies_;   ///< by value: of parameters and states
  std::vector<Weights::Copy*> bound_;    ///< all of them
  std::vector<Weights::Copy*> written_;  ///< those that a run writes
  std::shared_ptr<std::byte> arena_, workspace_;
  std::vector<int64_t> workspace_offsets_;  ///< by place in a loop
  std::vector<void*> buffers_;              ///< of all nodes, one after the other
  std::vector<size_t> first_buffer_;        ///< by node: where its buffers begin
  std::vector<Patch> patches_;              ///< buffers in the memory of inputs of the graph
  std::vector<Staged> staged_;
  std::vector<Tensor> results_;  ///< undefined where stored into a parameter or state
};

}  // namespace sinter
