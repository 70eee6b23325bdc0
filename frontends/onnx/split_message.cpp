#include "frontends/onnx/split_message.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>

/// Source: protobuf's documentation, "Encoding"; field numbers from onnx.proto.
namespace sinter::onnx {
namespace {

namespace io = ::google::protobuf::io;

enum class Level : uint8_t { model, graph, initializer };
constexpr int graph_of_model = 7, initializer_of_graph = 5, raw_data_of_tensor = 9;
enum WireType : uint8_t { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

void put_varint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>(value | 0x80));
  to.push_back(static_cast<char>(value));
}

class Splitter {
 public:
  explicit Splitter(io::CodedInputStream& in) : in_(in) {}

  bool fields(Level level, std::string& to) {
    for (;;) {
      const uint32_t tag = in_.ReadTag();
      if (tag == 0) return in_.ConsumedEntireMessage();
      put_varint(to, tag);
      if (!value(level, static_cast<int>(tag >> 3), static_cast<WireType>(tag & 7), to)) return false;
    }
  }

  std::map<int, RawData> raw;

 private:
  bool value(Level level, int field, WireType type, std::string& to) {
    switch (type) {
      case varint: {
        uint64_t number = 0;
        if (!in_.ReadVarint64(&number)) return false;
        put_varint(to, number);
        return true;
      }
      case fixed64:
        return copy(8, to);
      case fixed32:
        return copy(4, to);
      case delimited:
        return delimited_value(level, field, to);
      default:
        return false;
    }
  }

  bool delimited_value(Level level, int field, std::string& to) {
    uint32_t size = 0;
    if (!in_.ReadVarint32(&size) || size > INT32_MAX) return false;
    if (level == Level::initializer && field == raw_data_of_tensor) {
      raw[initializers_ - 1] = {in_.CurrentPosition(), size};
      put_varint(to, 0);
      return in_.Skip(static_cast<int>(size));
    }
    if (level == Level::model && field == graph_of_model) return inner(Level::graph, size, to);
    if (level == Level::graph && field == initializer_of_graph) {
      ++initializers_;
      return inner(Level::initializer, size, to);
    }
    put_varint(to, size);
    return copy(static_cast<int>(size), to);
  }

  bool inner(Level level, uint32_t size, std::string& to) {
    std::string content;
    const auto limit = in_.PushLimit(static_cast<int>(size));
    const bool whole = fields(level, content) && in_.BytesUntilLimit() == 0;
    in_.PopLimit(limit);
    put_varint(to, content.size());
    to += content;
    return whole;
  }

  bool copy(int size, std::string& to) {
    std::string bytes;
    if (!in_.ReadString(&bytes, size)) return false;
    to += bytes;
    return true;
  }

  io::CodedInputStream& in_;
  int initializers_ = 0;
};

}  // namespace

std::optional<SplitMessage> split_message(const InputFile& file) {
  io::FileInputStream stream(file.descriptor());
  io::CodedInputStream in(&stream);
  Splitter splitter(in);
  SplitMessage split;
  if (!splitter.fields(Level::model, split.message)) return std::nullopt;
  split.raw = std::move(splitter.raw);
  for (const auto& [_, data] : split.raw)
    if (data.offset > file.bytes() - data.bytes) return std::nullopt;
  return split;
}

}  // namespace sinter::onnx
