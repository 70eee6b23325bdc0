#pragma once

#include <filesystem>
#include <vector>

namespace sinter::cli {

/// Where data sets are looked for: $SINTER_DATA, then ~/.cache/sinter. The one place that reads the
/// environment.
std::vector<std::filesystem::path> data_folders();

}  // namespace sinter::cli
