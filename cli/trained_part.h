#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace sinter::cli {

/// --freeze and --output: what of a model is trained.
struct TrainedPart {
  std::vector<std::string> freeze;  ///< patterns of parameters' names
  std::string output;               ///< empty: the model's only one

  void add(CLI::App& command);
  /// The model with that one result, in which frozen parameters are states: they stay as they are and go into
  /// weights files as before. Throws InputError for a pattern that no parameter fits and an output that there
  /// is none of, with near names, and where nothing is left to train.
  Graph of(const Graph& model) const;
};

}  // namespace sinter::cli
