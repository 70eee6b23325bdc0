#pragma once

#include "tests/random/random_graph.h"

namespace sinter {

/// A random graph of differentiable ops with a scalar result "loss" that depends on at least one parameter.
/// Every floating leaf is a parameter.
RandomGraph random_training_graph(RandomEngine& random, DType floating);

}  // namespace sinter
