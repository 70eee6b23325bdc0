#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/graph.h"

namespace sinter {

struct ModelOptions {
  /// Values for the model's parameters, as `--set name=value` gives them: the name, and the value as the
  /// language writes it.
  std::vector<std::pair<std::string, std::string>> arguments = {};
};

/// Reads a model in the .sinter language: inputs as declared, one parameter for each weight and bias, one
/// node for each layer, one result. Errors: InputError with `file`, line, column and what was expected, for
/// anything that is not a valid model. Source: docs/language.md.
Graph load_model(std::string_view text, std::string_view file, const ModelOptions& options = {});

}  // namespace sinter
