#include "frontends/onnx/read_model.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <onnx/onnx_pb.h>

#include <unistd.h>

#include <charconv>
#include <cstring>

#include "frontends/onnx/element_types.h"
#include "frontends/onnx/input_file.h"
#include "frontends/onnx/split_message.h"

namespace sinter::onnx {
namespace {

namespace proto = ::onnx;
namespace protobuf = ::google::protobuf;

// protobuf prints why it does not understand a message; a library does not print.
class Silence {
 public:
  Silence() : before_(protobuf::SetLogHandler(nullptr)) {}
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() { protobuf::SetLogHandler(before_); }

 private:
  protobuf::LogHandler* before_;
};

// Of ONNX's own format, not of its ops.
constexpr int64_t newest_format = 13;

// Graphs within graphs are three messages each.
constexpr int deepest = 1000;

bool parse(protobuf::io::ZeroCopyInputStream& stream, protobuf::Message& message) {
  protobuf::io::CodedInputStream coded(&stream);
  coded.SetRecursionLimit(deepest);
  return message.ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage();
}

template <typename Message>
Message read_message(const InputFile& file, const std::filesystem::path& path, std::string_view what) {
  if (file.bytes() > INT32_MAX)
    fail_input_at({.file = path.string()},
                  "{} bytes; {} has at most {}, and larger tensors in files of their own", file.bytes(), what,
                  INT32_MAX);
  Message message;
  lseek(file.descriptor(), 0, SEEK_SET);
  protobuf::io::FileInputStream stream(file.descriptor());
  const Silence silence;
  if (file.bytes() == 0 || !parse(stream, message))
    fail_input_at({.file = path.string()}, "{}; expected {} as a protobuf message",
                  file.bytes() == 0
                      ? "an empty file"
                      : fmt::format("cut off, damaged, or messages in each other more than {} deep", deepest),
                  what);
  return message;
}

template <typename T>
std::span<const std::byte> bytes_of(const T& values) {
  return std::as_bytes(std::span(values.data(), static_cast<size_t>(values.size())));
}

template <typename Stored, typename Field>
std::vector<std::byte> narrowed(const Field& values, const std::string& what) {
  std::vector<std::byte> bytes(static_cast<size_t>(values.size()) * sizeof(Stored));
  for (int i = 0; i < values.size(); ++i) {
    const auto stored = static_cast<Stored>(values[i]);
    if (static_cast<decltype(values[i] + 0)>(stored) != values[i])
      fail_input("{}: element {} is {}, outside of its type", what, i, values[i]);
    std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof stored);
  }
  return bytes;
}

// The elements from the field that holds those of the tensor's type.
Tensor decode_fields(const proto::TensorProto& tensor, std::vector<int64_t> shape, const std::string& what) {
  const int type = tensor.data_type();
  const auto decode = [&](std::span<const std::byte> bytes) {
    return decode_elements(type, std::move(shape), bytes, what);
  };
  switch (type) {
    case proto::TensorProto::FLOAT:
      return decode(bytes_of(tensor.float_data()));
    case proto::TensorProto::DOUBLE:
      return decode(bytes_of(tensor.double_data()));
    case proto::TensorProto::INT32:
      return decode(bytes_of(tensor.int32_data()));
    case proto::TensorProto::INT64:
      return decode(bytes_of(tensor.int64_data()));
    case proto::TensorProto::UINT64:
      return decode(bytes_of(tensor.uint64_data()));
    case proto::TensorProto::UINT32:
      return decode(narrowed<uint32_t>(tensor.uint64_data(), what));
    case proto::TensorProto::INT8:
      return decode(narrowed<int8_t>(tensor.int32_data(), what));
    case proto::TensorProto::INT16:
      return decode(narrowed<int16_t>(tensor.int32_data(), what));
    case proto::TensorProto::UINT8:
    case proto::TensorProto::BOOL:
      return decode(narrowed<uint8_t>(tensor.int32_data(), what));
    default:
      return decode(narrowed<uint16_t>(tensor.int32_data(), what));
  }
}

// The fields that hold a tensor's data.
std::vector<std::string_view> data_fields(const proto::TensorProto& tensor, bool raw) {
  std::vector<std::string_view> fields;
  const auto add = [&](bool used, std::string_view name) {
    if (used) fields.push_back(name);
  };
  add(tensor.data_location() == proto::TensorProto::EXTERNAL, "external_data");
  add(raw || !tensor.raw_data().empty(), "raw_data");
  add(tensor.float_data_size() > 0, "float_data");
  add(tensor.int32_data_size() > 0, "int32_data");
  add(tensor.int64_data_size() > 0, "int64_data");
  add(tensor.uint64_data_size() > 0, "uint64_data");
  add(tensor.double_data_size() > 0, "double_data");
  add(tensor.string_data_size() > 0, "string_data");
  return fields;
}

// The error says what it is of, if it does not do so yet.
template <typename F>
auto naming(const std::string& what, F&& read) {
  try {
    return read();
  } catch (const InputError& error) {
    if (std::string_view(error.message()).starts_with(what)) throw;
    throw InputError(error.location(), fmt::format("{}: {}", what, error.message()), error.notes());
  }
}

// Initializers in a file of whose message only the rest was parsed.
struct RawInitializers {
  const InputFile* file = nullptr;
  std::map<int, RawData> raw = {};
};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file, RawInitializers raw = {})
      : file_(file), folder_(file.parent_path()), raw_(std::move(raw)) {}

  Tensor tensor(const proto::TensorProto& from, const std::string& what,
                const RawData* in_file = nullptr) const {
    return naming(what, [&] { return whole_tensor(from, what, in_file); });
  }

  Model model(proto::ModelProto& message) const {
    if (!message.has_graph()) fail_input("no graph; expected an ONNX model");
    proto::GraphProto& graph = *message.mutable_graph();
    Model model{.file = file_.string(), .name = graph.name()};
    if (message.ir_version() > newest_format)
      fail_input("format version {} (ir_version); expected at most {}", message.ir_version(), newest_format);
    for (const auto& set : message.opset_import()) {
      const std::string domain = set.domain() == "ai.onnx" ? "" : set.domain();
      const auto [before, first] = model.opsets.emplace(domain, set.version());
      if (!first && before->second != set.version())
        fail_input("opsets {} and {} of domain \"{}\"; expected one", before->second, set.version(), domain);
    }
    for (const auto& entry : message.metadata_props()) model.metadata[entry.key()] = entry.value();
    for (const auto& function : message.functions()) model.functions.insert(function.name());
    if (graph.sparse_initializer_size() > 0)
      fail_input("sparse initializer \"{}\"; expected dense ones",
                 graph.sparse_initializer(0).values().name());
    initializers(graph, model);
    for (const auto& value : graph.input())
      if (!model.initializers.contains(value.name())) model.inputs.push_back(named_value(value, "input"));
    for (const auto& value : graph.output()) model.outputs.push_back(named_value(value, "output"));
    for (const auto& value : graph.value_info())
      if (stored_bytes(value.type().tensor_type().elem_type()) > 0)
        model.values.push_back(named_value(value, "value"));
    for (const auto& node : graph.node())
      model.nodes.push_back(this->node(node, static_cast<int>(model.nodes.size()) + 1));
    if (model.metadata.contains(parameters_note))
      for (size_t i = 0; i < model.nodes.size(); ++i)
        model.nodes[i].layer = graph.node(static_cast<int>(i)).doc_string();
    return model;
  }

 private:
  Tensor whole_tensor(const proto::TensorProto& tensor, const std::string& what,
                      const RawData* in_file) const {
    element_type(tensor.data_type(), what);
    std::vector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
    if (shape.size() > max_rank)
      fail_input("{}: {} dimensions; at most {} are supported", what, shape.size(), max_rank);
    for (const int64_t size : shape)
      if (size < 0) fail_input("{}: shape [{}]; expected sizes of 0 or more", what, fmt::join(shape, ", "));
    if (const auto fields = data_fields(tensor, in_file && in_file->bytes > 0); fields.size() > 1)
      fail_input("{}: data in both {} and {}; expected one of them", what, fields[0], fields[1]);
    if (tensor.has_segment()) fail_input("{}: a segment of a tensor; expected a whole one", what);
    if (tensor.data_location() == proto::TensorProto::EXTERNAL)
      return external(tensor, std::move(shape), what);
    if (in_file) return from_file(tensor.data_type(), std::move(shape), *in_file, what);
    if (!tensor.has_raw_data()) return decode_fields(tensor, std::move(shape), what);
    return decode_elements(tensor.data_type(), std::move(shape), bytes_of(tensor.raw_data()), what);
  }

  // Straight into the tensor's memory where that can be.
  Tensor from_file(int type, std::vector<int64_t> shape, const RawData& data, const std::string& what) const {
    check_bytes(type, shape, data.bytes, what);
    if (is_held_as_stored(type)) {
      Tensor tensor(element_type(type, what), std::move(shape));
      raw_.file->read(data.offset, {static_cast<std::byte*>(tensor.data()), static_cast<size_t>(data.bytes)});
      return tensor;
    }
    std::vector<std::byte> bytes(static_cast<size_t>(data.bytes));
    raw_.file->read(data.offset, bytes);
    return decode_elements(type, std::move(shape), bytes, what);
  }

  // Each message's bytes go as soon as they are decoded, so that a model is not in memory twice.
  void initializers(proto::GraphProto& graph, Model& model) const {
    for (int i = 0; i < graph.initializer_size(); ++i) {
      auto& each = *graph.mutable_initializer(i);
      const auto raw = raw_.raw.find(i);
      const RawData* in_file = raw == raw_.raw.end() ? nullptr : &raw->second;
      const std::string what = fmt::format("initializer \"{}\"", each.name());
      if (!model.initializers.emplace(each.name(), tensor(each, what, in_file)).second)
        fail_input("{}: the name stands twice", what);
      delete each.release_raw_data();
      each.Clear();
    }
  }

  Tensor external(const proto::TensorProto& tensor, std::vector<int64_t> shape,
                  const std::string& what) const {
    ExternalData data;
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") data.location = entry.value();
      if (entry.key() == "offset") data.offset = external_number(entry.value(), "offset", what);
      if (entry.key() == "length") data.length = external_number(entry.value(), "length", what);
    }
    const int64_t bytes = checked_product(shape) * stored_bytes(tensor.data_type());
    if (data.length && *data.length != bytes)
      fail_input("{}: length {} in file \"{}\"; expected {} bytes, shape [{}] of {}", what, *data.length,
                 data.location, bytes, fmt::join(shape, ", "), element_type_name(tensor.data_type()));
    data.length = bytes;
    return decode_elements(tensor.data_type(), std::move(shape), read_external(folder_, data, what), what);
  }

  static int64_t external_number(const std::string& text, std::string_view key, const std::string& what) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0)
      fail_input("{}: {} \"{}\" of external data; expected a number of bytes", what, key, text);
    return number;
  }

  ModelNode node(const proto::NodeProto& node, int number) const {
    ModelNode result{.op = node.op_type(),
                     .domain = node.domain() == "ai.onnx" ? "" : node.domain(),
                     .name = node.name(),
                     .number = number,
                     .inputs = {node.input().begin(), node.input().end()},
                     .outputs = {node.output().begin(), node.output().end()}};
    if (result.name.empty() && !result.outputs.empty()) result.name = result.outputs[0];
    const std::string what = describe(result);
    for (const auto& each : node.attribute())
      if (!result.attributes.emplace(each.name(), attribute(each, what)).second)
        fail_input("{}: attribute {} stands twice", what, each.name());
    return result;
  }

  ModelAttribute attribute(const proto::AttributeProto& from, const std::string& node) const {
    using Proto = proto::AttributeProto;
    if (!from.ref_attr_name().empty())
      fail_input("{}: attribute {} is that of a function, \"{}\", and the node is in none", node, from.name(),
                 from.ref_attr_name());
    switch (from.type()) {
      case Proto::FLOAT:
        return decimal(from.f());
      case Proto::INT:
        return static_cast<int64_t>(from.i());
      case Proto::STRING:
        return from.s();
      case Proto::TENSOR:
        return tensor(from.t(), fmt::format("{}: attribute {}", node, from.name()));
      case Proto::FLOATS:
        return Reals(from.floats().begin(), from.floats().end());
      case Proto::INTS:
        return Ints(from.ints().begin(), from.ints().end());
      case Proto::STRINGS:
        return Words(from.strings().begin(), from.strings().end());
      default:
        return OtherAttribute{Proto::AttributeType_Name(from.type())};
    }
  }

  // Empty: it is one, or nothing is said of it.
  static std::string_view other_than_tensor(const proto::TypeProto& type) {
    switch (type.value_case()) {
      case proto::TypeProto::kTensorType:
      case proto::TypeProto::VALUE_NOT_SET:
        return {};
      case proto::TypeProto::kSequenceType:
        return "a sequence";
      case proto::TypeProto::kOptionalType:
        return "an optional value";
      case proto::TypeProto::kMapType:
        return "a map";
      default:
        return "a sparse tensor";
    }
  }

  ModelValue named_value(const proto::ValueInfoProto& value, std::string_view kind) const {
    const std::string what = fmt::format("{} \"{}\"", kind, value.name());
    if (const std::string_view other = other_than_tensor(value.type()); !other.empty())
      return {value.name(), {}, 0, fmt::format("{}: {}; expected a tensor", what, other)};
    const auto& tensor = value.type().tensor_type();
    if (tensor.elem_type() == proto::TensorProto::STRING)
      return {
          value.name(), {}, 0, what + ": elements of STRING; expected floating or integer numbers, or BOOL"};
    if (!tensor.has_shape()) return {value.name(), {}, 0};
    Type type{element_type(tensor.elem_type(), what)};
    for (const auto& dim : tensor.shape().dim())
      type.shape.push_back(dimension(dim, value.name(), type.shape.size()));
    return {value.name(), std::move(type), tensor.elem_type()};
  }

  // What has no size is a symbol; a first dimension without name is the batch, the same of all inputs.
  static Dim dimension(const proto::TensorShapeProto::Dimension& dim, const std::string& owner,
                       size_t place) {
    if (dim.has_dim_value() && dim.dim_value() >= 0) return dim.dim_value();
    if (dim.has_dim_param() && !dim.dim_param().empty()) return symbol(dim.dim_param());
    return place == 0 ? Dim("N") : symbol(fmt::format("{}_{}", owner, place));
  }

  // As the text form of graphs writes symbols: letters, digits, _.
  static Dim symbol(std::string name) {
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return std::isdigit(static_cast<unsigned char>(name[0])) ? "_" + name : name;
  }

  std::filesystem::path file_, folder_;
  RawInitializers raw_;
};

// Adds the file to errors that the parts of a message cause.
template <typename F>
auto in_file(const std::filesystem::path& path, F&& read) {
  try {
    return read();
  } catch (const InputError& error) {
    if (!error.location().file.empty()) throw;
    throw InputError({.file = path.string()}, error.message(), error.notes());
  }
}

}  // namespace

Model read_model(const std::filesystem::path& path) {
  const InputFile file(path);
  if (auto split = split_message(file)) {
    proto::ModelProto message;
    const Silence silence;
    protobuf::io::ArrayInputStream stream(split->message.data(), static_cast<int>(split->message.size()));
    if (file.bytes() > 0 && split->message.size() <= INT32_MAX && parse(stream, message)) {
      split->message = {};
      return in_file(path, [&] { return Reader(path, {&file, std::move(split->raw)}).model(message); });
    }
  }
  auto message = read_message<proto::ModelProto>(file, path, "an ONNX model");
  return in_file(path, [&] { return Reader(path).model(message); });
}

Tensor read_tensor(const std::filesystem::path& path, int element_number) {
  auto message = read_message<proto::TensorProto>(InputFile(path), path, "an ONNX tensor");
  if (element_number == proto::TensorProto::BFLOAT16 && message.data_type() == proto::TensorProto::UINT16)
    message.set_data_type(element_number);
  return in_file(path,
                 [&] { return Reader(path).tensor(message, fmt::format("tensor \"{}\"", message.name())); });
}

}  // namespace sinter::onnx
