#pragma once

#include <atomic>
#include <mutex>
#include <sinter/model.hpp>

#include "ir/graph.h"
#include "runtime/weights.h"

namespace sinter {

/// What a model and the sessions made of it share.
struct Model::State {
  Graph graph;
  std::atomic<bool> in_training = false;

  /// Initialised when they are first asked for: they may be large, and are often loaded instead.
  Weights weights();
  void set_weights(NamedTensors tensors);

 private:
  std::mutex mutex_;  ///< of what follows
  bool has_weights_ = false;
  Weights weights_;
};

/// The way from a model to its state, for the rest of api/.
struct ModelAccess {
  using State = Model::State;
  static const std::shared_ptr<State>& state(const Model& model) { return model.state_; }
  /// Without `weights` they are initialised.
  static Model make(Graph graph, NamedTensors weights = {});
};

/// `graph` as users see its inputs, parameters and states.
std::vector<TensorInfo> infos_of(const Graph& graph, std::span<const ValueId> ids);
/// And its results; those without a name have one made.
std::vector<TensorInfo> result_infos_of(const Graph& graph);

}  // namespace sinter
