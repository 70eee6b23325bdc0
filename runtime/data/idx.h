#pragma once

#include <filesystem>

#include "runtime/data/examples.h"

namespace sinter {

/// Reads grey pictures and their labels from a pair of IDX files, plain or gzip-compressed: big-endian magic
/// number (0x00000803, 0x00000801) and sizes, then one byte a pixel or label.
/// Throws InputError, naming the file, what was found and what was expected: another magic number, sizes of
/// zero, missing or surplus bytes, counts that disagree, labels of `classes` or more.
/// Source: the MNIST database, Le Cun, Cortes, Burges, "file formats".
Examples read_idx(const std::filesystem::path& images, const std::filesystem::path& labels, int classes);

}  // namespace sinter
