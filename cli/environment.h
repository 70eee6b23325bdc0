#pragma once

#include <filesystem>
#include <vector>

namespace sinter::cli {

/// The one place that reads the environment.

/// Where data sets are looked for: $SINTER_DATA, then ~/.cache/sinter.
std::vector<std::filesystem::path> data_folders();

/// Where compiled kernels are kept: sinter/kernels in $XDG_CACHE_HOME, which is ~/.cache where it is not set
/// to a path from the root. Empty: there is no home.
std::filesystem::path kernel_cache_folder();

/// $TMPDIR, or /tmp.
std::filesystem::path temporary_folder();

}  // namespace sinter::cli
