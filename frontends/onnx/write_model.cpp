#include "frontends/onnx/write_model.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include "frontends/onnx/element_types.h"
#include "frontends/onnx/export.h"

namespace sinter::onnx {
namespace {

namespace proto = ::onnx;
namespace protobuf = ::google::protobuf;

// Exceptions do not cross protobuf, whose stream writes once more when it goes.
class Sink : public protobuf::io::CopyingOutputStream {
 public:
  explicit Sink(const WriteBytes& write) : write_(write) {}
  bool Write(const void* bytes, int size) override {
    if (error_) return false;
    try {
      write_(std::span(static_cast<const std::byte*>(bytes), static_cast<size_t>(size)));
    } catch (...) {
      error_ = std::current_exception();
    }
    return !error_;
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  const WriteBytes& write_;
  std::exception_ptr error_;
};

void set(proto::TensorProto& to, const Tensor& tensor) {
  to.set_data_type(element_number(tensor.dtype()));
  for (const int64_t size : tensor.shape()) to.add_dims(size);
  to.set_raw_data(tensor.data(), static_cast<size_t>(tensor.bytes()));
}

void set(proto::ValueInfoProto& to, const ModelValue& value) {
  to.set_name(value.name);
  auto& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(value.element_number);
  for (const Dim& dim : value.type->shape) {
    auto& each = *type.mutable_shape()->add_dim();
    if (dim.is_symbol())
      each.set_dim_param(dim.symbol);
    else
      each.set_dim_value(dim.size);
  }
  type.mutable_shape();  // a scalar has a shape, of no dimension
}

struct SetAttribute {
  proto::AttributeProto& to;

  void operator()(int64_t value) const {
    to.set_type(proto::AttributeProto::INT);
    to.set_i(value);
  }
  void operator()(double value) const {
    to.set_type(proto::AttributeProto::FLOAT);
    to.set_f(static_cast<float>(value));
  }
  void operator()(const std::string& value) const {
    to.set_type(proto::AttributeProto::STRING);
    to.set_s(value);
  }
  void operator()(const Ints& values) const {
    to.set_type(proto::AttributeProto::INTS);
    to.mutable_ints()->Add(values.begin(), values.end());
  }
  template <typename Other>
  void operator()(const Other&) const {
    require(false, "an attribute of a kind that no rule writes");
  }
};

void set(proto::NodeProto& to, const ModelNode& node) {
  to.set_op_type(node.op);
  to.set_domain(node.domain);
  to.set_name(node.name);
  if (!node.layer.empty()) to.set_doc_string(node.layer);
  for (const std::string& input : node.inputs) to.add_input(input);
  for (const std::string& output : node.outputs) to.add_output(output);
  for (const auto& [name, value] : node.attributes) {
    auto& attribute = *to.add_attribute();
    attribute.set_name(name);
    std::visit(SetAttribute{attribute}, value);
  }
}

proto::ModelProto message_of(const Model& model) {
  proto::ModelProto message;
  message.set_ir_version(export_ir_version);
  message.set_producer_name("sinter");
  for (const auto& [domain, version] : model.opsets) {
    auto& opset = *message.add_opset_import();
    opset.set_domain(domain);
    opset.set_version(version);
  }
  for (const auto& [key, value] : model.metadata) {
    auto& entry = *message.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  auto& graph = *message.mutable_graph();
  graph.set_name(model.name);
  for (const ModelValue& input : model.inputs) set(*graph.add_input(), input);
  for (const ModelValue& output : model.outputs) set(*graph.add_output(), output);
  for (const ModelNode& node : model.nodes) set(*graph.add_node(), node);
  for (const auto& [name, tensor] : model.initializers) {
    auto& to = *graph.add_initializer();
    to.set_name(name);
    set(to, tensor);
  }
  return message;
}

// Before the weights are copied: a message of more cannot be written.
void check_size(const Model& model) {
  int64_t bytes = 0;
  for (const auto& [_, tensor] : model.initializers) bytes += tensor.bytes();
  if (bytes > INT32_MAX)
    fail_input("model \"{}\" as ONNX: {} bytes of weights; a file has at most {}", model.name, bytes,
               INT32_MAX);
}

}  // namespace

void write_model(const Model& model, const WriteBytes& write) {
  check_size(model);
  const proto::ModelProto message = message_of(model);
  try {
    proto::checker::check_model(message);
  } catch (const proto::checker::ValidationError& error) {
    fail("model \"{}\" as ONNX: refused by ONNX's checker: {}", model.name, error.what());
  }
  Sink sink(write);
  protobuf::io::CopyingOutputStreamAdaptor stream(&sink, 1 << 20);
  const bool written = message.SerializeToZeroCopyStream(&stream) && stream.Flush();
  sink.rethrow();
  if (!written) fail("model \"{}\" as ONNX: more than {} bytes", model.name, INT32_MAX);
}

}  // namespace sinter::onnx
