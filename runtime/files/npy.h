#pragma once

#include <filesystem>

#include "ir/tensor.h"

namespace sinter {

/// Reads a NumPy array, format versions 1 and 2, in C order: float32, float64, int8, uint8, int32, int64,
/// bool. Throws InputError, naming the file, what was found and what was expected. Source: NumPy enhancement
/// proposal 1, numpy.lib.format.
Tensor read_npy(const std::filesystem::path& path);

/// Writes a NumPy array, atomically. Errors: see AtomicFile.
void write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace sinter
