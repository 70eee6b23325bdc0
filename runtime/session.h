#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/executable.h"
#include "runtime/files/safetensors.h"
#include "runtime/thread_pool.h"

namespace sinter {

/// One run of an executable at a time: its intermediate values and results. Parameters and states are shared
/// by name, so that training on full and on remainder batches, and evaluation between, work on the same
/// weights. Thread safety: a session belongs to one thread at a time; sessions of one executable run side by
/// side. Sessions that train on the same weights must not.
class Session {
 public:
  /// Takes parameters from `weights` (InputError where one is missing or of another type); states that
  /// `weights` lacks are added to it as zeros. Allocates all that run() needs.
  Session(std::shared_ptr<const Executable> executable, std::shared_ptr<ThreadPool> pool,
          NamedTensors& weights);

  /// Runs the graph on `inputs`, in the graph's order. Throws InputError where they do not fit; allocates
  /// nothing.
  void run(std::span<const Tensor> inputs);
  /// A result of the last run, by its place among the graph's results. Results that are stored into a
  /// parameter or state are that tensor.
  const Tensor& result(size_t index) const { return results_.at(index); }

  const Executable& executable() const { return *executable_; }

 private:
  struct Patch {
    size_t buffer;  ///< place in buffers_
    size_t input;
  };

  void bind_weights(NamedTensors& weights);
  void collect_buffers();
  void check_inputs(std::span<const Tensor> inputs) const;
  void* memory_of(ValueId id) const;

  std::shared_ptr<const Executable> executable_;
  std::shared_ptr<ThreadPool> pool_;
  std::vector<Tensor> bound_;  ///< by value: parameters, states and constants
  std::shared_ptr<std::byte> arena_, workspace_;
  std::vector<void*> buffers_;        ///< of all kernels, one after the other
  std::vector<size_t> first_buffer_;  ///< by node: where its buffers begin
  std::vector<Patch> patches_;        ///< buffers that are inputs of the graph
  std::vector<Tensor> staged_;        ///< one for each of the plan's copies
  std::vector<Tensor> results_;
};

}  // namespace sinter
