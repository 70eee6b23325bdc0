#pragma once

#include "ir/interpreter.h"
#include "tests/random/random_tensor.h"

namespace sinter {

/// One or two blocks of convolution, activation and pool, then a linear classifier of 7 classes: random
/// channels, kernels, paddings and ops on images of 24x24.
Graph random_network(int64_t batch, RandomEngine& random);

/// Numbers for its training step: class indices where integers are asked for, small parameters.
Bindings step_bindings(const Graph& step, RandomEngine& random);

}  // namespace sinter
