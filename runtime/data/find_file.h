#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace sinter {

/// The file of that name in a folder, or the one with `.gz` behind it.
std::optional<std::filesystem::path> find_plain_or_gzip(const std::filesystem::path& folder,
                                                        std::string_view name);

/// What lies there instead of the files that are missing: "lacks a b", or "no such folder".
std::string describe_missing(const std::filesystem::path& folder, std::string_view missing);

}  // namespace sinter
