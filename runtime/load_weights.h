#pragma once

#include <string>

#include "runtime/weights.h"

namespace sinter {

/// Reads a model's parameters and states and holds them against it. Throws InputError that names the first
/// that is missing or differs, beside what the model has; tensors that the model does not know are an error
/// too, but for the counters that PyTorch's batch norm has.
NamedTensors load_weights(const std::string& path, const Graph& model);

/// Only the model's parameters and states: what an optimizer keeps beside them is not for other tools.
NamedTensors weights_of(const Graph& model, const Weights& weights);

}  // namespace sinter
