#pragma once

#include <vector>

#include "runtime/benchmark.h"

namespace sinter {

/// Inputs of a step that was compiled from `model`: the model's own are random, floating ones in -1..1,
/// integers 0 or 1; labels are any class; the learning rate is 0.001 in the mean over the batch.
std::vector<Tensor> step_inputs(const Graph& model, const Graph& step, const BenchmarkOptions& options);

/// The first dimension of the first input; 1 where there is none.
int64_t batch_size_of(const Graph& graph);

}  // namespace sinter
