#pragma once

#include <map>
#include <string>
#include <vector>

#include "frontends/onnx/model.h"
#include "ir/graph.h"

namespace sinter::onnx {

struct ImportOptions {
  /// Whether initializers that are weights become parameters and states; else they are constants, which
  /// passes compute with.
  bool trainable = true;
  /// Sizes for symbols.
  std::map<std::string, int64_t> symbols = {};
  /// What inputs will be fed, by name: looked at only where an op must know its input when the model is read.
  std::map<std::string, Tensor> inputs = {};
};

struct ImportedModel {
  Graph graph;
  /// Of its parameters and states.
  std::map<std::string, Tensor, std::less<>> weights;
  /// Nodes that were written in training mode, in order: inference takes them for what they are in inference.
  std::vector<std::string> for_training = {};
};

/// Throws InputError where an input or output is no tensor of numbers.
void check_tensors(const Model& model);

/// A model as a graph. Inputs, results, weights and layers keep their names. What depends on constants alone
/// is computed now. Throws InputError: file, node, what was found and what was expected, and the types of
/// the node's inputs with where they come from.
ImportedModel import_model(const Model& model, const ImportOptions& options = {});

}  // namespace sinter::onnx
