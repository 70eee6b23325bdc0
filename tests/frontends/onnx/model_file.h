#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "frontends/onnx/import.h"

namespace sinter {

/// A model as bytes of an .onnx file. `text` is in ONNX's own language,
///   <ir_version: 8, opset_import: ["" : 17]> name (float[N, 2] x) => (float[N, 2] y) { y = Relu(x) }
/// and `more` in protobuf's text form of ModelProto, merged into it: what the language has no words for.
std::string onnx_model(std::string_view text, std::string_view more = {});
/// As onnx_model, with that of opset 17 before the graph.
std::string onnx_graph(std::string_view graph, std::string_view more = {});
/// The bytes of a model, read and imported, its graph verified.
onnx::ImportedModel import_onnx(const std::string& bytes, const onnx::ImportOptions& options = {});
/// What the first result of a model is, on inputs and with its weights.
Tensor run_onnx(const std::string& bytes, const std::vector<Tensor>& inputs,
                const onnx::ImportOptions& options = {});
/// A tensor of f32 as bytes of a .pb file.
std::string onnx_tensor(const Tensor& tensor);

}  // namespace sinter
