#include "runtime/data/find_file.h"

#include <fmt/format.h>

namespace sinter {

namespace fs = std::filesystem;

std::optional<fs::path> find_plain_or_gzip(const fs::path& folder, std::string_view name) {
  std::error_code unreadable;  // a folder that may not be entered holds nothing for us
  for (const std::string_view extension : {"", ".gz"}) {
    fs::path path = folder / fmt::format("{}{}", name, extension);
    if (fs::exists(path, unreadable)) return path;
  }
  return std::nullopt;
}

std::string describe_missing(const fs::path& folder, std::string_view missing) {
  std::error_code unreadable;
  return fs::is_directory(folder, unreadable) ? fmt::format("lacks {}", missing) : "no such folder";
}

}  // namespace sinter
