#pragma once

#include <filesystem>

#include "frontends/onnx/model.h"

namespace sinter::onnx {

/// Reads a model file; initializers in other files are looked for beside it. Checks what can be said of each
/// part by itself: sizes of tensors' data, types, names given twice, attributes' kinds.
/// Throws InputError that names the file and the part.
Model read_model(const std::filesystem::path& path);

/// Reads one tensor, as test_data_set_*/input_0.pb hold them. `element_number`, if any, is the element type
/// that the model has there: ONNX's own test data write bf16 as UINT16.
Tensor read_tensor(const std::filesystem::path& path, int element_number = 0);

}  // namespace sinter::onnx
