#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace sinter::cli {

/// Why the numbers that a data set of ONNX's own cases expects are not those of its model, where that is
/// known. What a data set holds tells, not its name: one that was put right is no wrong case any more.
std::optional<std::string_view> why_wrong(const std::filesystem::path& data_set);

}  // namespace sinter::cli
