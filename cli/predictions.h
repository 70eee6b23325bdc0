#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace sinter::cli {

/// The names of classes, by label: those of a data set, or the lines of a file. An empty `spec` has none.
/// Throws InputError where it is neither or cannot be read.
std::vector<std::string> read_class_names(const std::string& spec);

/// What a model's result says, as text. Scores f32[N, C] become probabilities, by softmax unless the model
/// ends in one: for one sample the `top` likeliest classes, for several the likeliest of each. Anything else:
/// its type and range. `classes` may be empty; else InputError unless there is one name for each class.
std::string describe_result(const Graph& model, const GraphResult& result, const Tensor& values,
                            const std::vector<std::string>& classes, int64_t top);

}  // namespace sinter::cli
