#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sinter::bench {

/// The files NAME.txt in a folder of shapes, sorted: those of a list `NAME,...`, or all of them where there
/// is no list. Throws InputError where the list is empty or names a file that is not there.
std::vector<std::filesystem::path> shape_files(const std::filesystem::path& folder,
                                               const std::optional<std::string>& models);

}  // namespace sinter::bench
