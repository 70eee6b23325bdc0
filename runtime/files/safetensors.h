#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "ir/tensor.h"

namespace sinter {

/// Tensors by name, in the order of their names.
using NamedTensors = std::map<std::string, Tensor, std::less<>>;

/// Reads a safetensors file: F32, F64, I8, U8, I32, I64 and BOOL. Everything in the header is checked: its
/// length, its JSON, names, shapes, and that the tensors' bytes fill the rest of the file without gap or
/// overlap. Throws InputError naming file, tensor, what was found and what was expected.
/// Source: github.com/huggingface/safetensors, "Format".
NamedTensors read_safetensors(const std::filesystem::path& path);

/// Writes a safetensors file, atomically; the same tensors give the same bytes. Every tensor's data begins at
/// a multiple of its element size. Throws InputError for element types the reader does not know; see
/// AtomicFile.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors);

}  // namespace sinter
