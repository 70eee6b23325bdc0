#pragma once

#include "ir/graph.h"
#include "runtime/files/safetensors.h"

namespace sinter {

/// A model and the values of its parameters and states.
struct WeightedModel {
  Graph graph;
  NamedTensors weights;
};

/// The model without its batch norms that stand behind a convolution or a linear layer: their numbers become
/// part of that layer's weight and bias, which keeps the weight's name; a bias that is new has it too, with
/// `bias` for `weight`. What else is computed of weights alone is computed too. Parameters stand in the order
/// in which they are read; what nothing reads is gone.
WeightedModel folded_batch_norm(const Graph& model, const NamedTensors& weights);

}  // namespace sinter
