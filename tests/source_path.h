#pragma once

#include <filesystem>
#include <string_view>

namespace sinter {

/// The file or folder `relative` of this checkout.
std::filesystem::path source_path(std::string_view relative);

}  // namespace sinter
