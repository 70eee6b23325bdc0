#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "ir/graph.h"

namespace sinter::cli {

/// --batch-size, as the commands have it that look at a model and can leave its batch a symbol.
struct BatchOption {
  int64_t size = 0;  ///< 0: not given

  void add(CLI::App& command, const std::string& otherwise);
  /// The symbols that are the first dimension of an input, each with the size; empty where none was given.
  /// Throws InputError where the model has no such symbol.
  std::map<std::string, int64_t> symbols(const Graph& model) const;
  /// As it is; where it was not given, and the model does not fix the batch, 1.
  BatchOption or_one(const Graph& model) const;
};

}  // namespace sinter::cli
