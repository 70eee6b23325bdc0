#pragma once

#include <map>
#include <string>

#include "frontends/onnx/model.h"
#include "ir/graph.h"

namespace sinter::onnx {

/// The opset that models are written in, and the version of the format that came with it.
inline constexpr int64_t export_opset = 17, export_ir_version = 8;

/// A graph as a model of ONNX's own ops. Inputs, results, weights and layers keep their names; symbols stay
/// symbols. `weights` are those of its parameters and states, whose storage the model shares. An op that ONNX
/// has no word for is written as several.
/// Throws InputError that names the node and its op: one that no forward graph has (gradients, updates, what
/// passes make of a graph), or that cannot be written with its attributes or types.
Model export_model(const Graph& graph, const std::map<std::string, Tensor, std::less<>>& weights);

}  // namespace sinter::onnx
