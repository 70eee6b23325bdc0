#include "tests/frontends/onnx/model_file.h"

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <onnx/defs/parser.h>

#include "frontends/onnx/read_model.h"
#include "ir/interpreter.h"
#include "ir/verify.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {

std::string onnx_model(std::string_view text, std::string_view more) {
  ::onnx::ModelProto model;
  const auto status = ::onnx::OnnxParser::Parse(model, std::string(text).c_str());
  require(status.IsOK(), status.ErrorMessage());
  require(google::protobuf::TextFormat::MergeFromString(std::string(more), &model), "protobuf's text form");
  return model.SerializeAsString();
}

std::string onnx_graph(std::string_view graph, std::string_view more) {
  return onnx_model(fmt::format("<ir_version: 8, opset_import: [\"\" : 17]> {}", graph), more);
}

onnx::ImportedModel import_onnx(const std::string& bytes, const onnx::ImportOptions& options) {
  const TemporaryFolder folder;
  auto imported = onnx::import_model(onnx::read_model(folder.file("m.onnx", bytes)), options);
  verify_or_fail(imported.graph, "m.onnx");
  return imported;
}

Tensor run_onnx(const std::string& bytes, const std::vector<Tensor>& inputs,
                const onnx::ImportOptions& options) {
  const auto model = import_onnx(bytes, options);
  Bindings feed{.inputs = inputs, .parameters = {}, .states = {}};
  for (const ValueId id : model.graph.parameters())
    feed.parameters.push_back(model.weights.at(model.graph.info(id).name));
  for (const ValueId id : model.graph.states())
    feed.states.push_back(model.weights.at(model.graph.info(id).name));
  return interpret(model.graph, feed)[0];
}

std::string onnx_tensor(const Tensor& tensor) {
  ::onnx::TensorProto proto;
  proto.set_data_type(::onnx::TensorProto::FLOAT);
  for (const int64_t size : tensor.shape()) proto.add_dims(size);
  for (const float value : tensor.values<float>()) proto.add_float_data(value);
  return proto.SerializeAsString();
}

}  // namespace sinter
