#pragma once

#include <functional>
#include <span>

#include "frontends/onnx/model.h"

namespace sinter::onnx {

/// Takes the next bytes of a file.
using WriteBytes = std::function<void(std::span<const std::byte>)>;

/// Writes a model as bytes of an .onnx file, after ONNX's own checker has accepted it. Throws InputError for
/// a model of more bytes than a protobuf message may have, Error with the checker's words where it refuses
/// one.
void write_model(const Model& model, const WriteBytes& write);

}  // namespace sinter::onnx
