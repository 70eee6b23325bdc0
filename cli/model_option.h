#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "runtime/load_weights.h"

namespace sinter::cli {

/// A model with the weights that its file holds, by name: none in a description.
struct LoadedModel {
  Graph graph;
  NamedTensors weights;
  std::vector<std::string> for_training = {};  ///< nodes of an .onnx file that was written in training mode
};

/// MODEL and --set, as every command that takes a model has them.
struct ModelOption {
  std::string model;
  std::vector<std::string> set;  ///< name=value

  void add(CLI::App& command);
  /// MODEL is a path if it has a slash or an extension, else the name of an embedded model. Throws
  /// InputError.
  Graph load() const { return load_with_weights().graph; }
  LoadedModel load_with_weights() const;
};

}  // namespace sinter::cli
