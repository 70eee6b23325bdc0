#pragma once

#include <map>
#include <string>

#include "frontends/onnx/input_file.h"

namespace sinter::onnx {

/// Where the bytes of an initializer lie in a model's file.
struct RawData {
  int64_t offset = 0, bytes = 0;
};

/// A model's message without the bytes of its initializers' raw_data, which is most of a file: what is left
/// is small to parse, and tensors are read from the file one by one.
struct SplitMessage {
  std::string message = {};
  std::map<int, RawData> raw = {};  ///< by the initializer's place
};

/// Nothing where the file is not protobuf's wire format as programs write it.
std::optional<SplitMessage> split_message(const InputFile& file);

}  // namespace sinter::onnx
