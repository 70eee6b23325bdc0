#pragma once

#include <array>
#include <span>
#include <string_view>

#include "runtime/data/data_set.h"

namespace sinter {

inline constexpr std::array<std::string_view, 10> cifar10_classes = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

/// Reads CIFAR-10 from the first of `folders` that holds the test batch and at least one of the five training
/// batches, in the official binary files, each plain or .gz, or in the folder of the official archive; the
/// data set's note says which were found, unless all were. Throws InputError: where each folder was looked
/// for, and whatever is wrong with a file.
/// Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; a record is a label and
/// 32 x 32 red, green and blue bytes.
DataSet load_cifar10(std::span<const std::filesystem::path> folders);

}  // namespace sinter
