#pragma once

#include <string_view>

#include "ir/graph.h"
#include "runtime/files/safetensors.h"

namespace sinter {

/// First values for every parameter and state of a graph, from the seed and the parameter's name alone.
/// `scheme` is
///   default         PyTorch's: uniform within 1 / sqrt(fan in), biases too
///   xavier_uniform  weights uniform within sqrt(6 / (fan in + fan out)), biases as in default
///   kaiming_uniform weights uniform within sqrt(6 / fan in), biases as in default
///   kaiming_normal  weights normal with deviation sqrt(2 / fan in), biases as in default
/// and of a normalisation, in each, 1 for the weight and the running variance, else 0; where it is made of
/// several ops, its weight is what a value is multiplied by, its bias what is added to such a product. Fans
/// are those of the op that reads the parameter as its weight. Throws InputError for another scheme. Source:
/// He et al., ICCV 2015; Glorot, Bengio, AISTATS 2010; PyTorch torch.nn.init.
NamedTensors initialize(const Graph& graph, std::string_view scheme, uint64_t seed);

}  // namespace sinter
