#include "cli/environment.h"

#include <cstdlib>

namespace sinter::cli {

namespace {

namespace fs = std::filesystem;

// Empty: it is not set.
fs::path path_in(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : "";
}

}  // namespace

std::vector<fs::path> data_folders() {
  std::vector<fs::path> folders;
  if (const fs::path data = path_in("SINTER_DATA"); !data.empty()) folders.push_back(data);
  if (const fs::path home = path_in("HOME"); !home.empty()) folders.push_back(home / ".cache" / "sinter");
  return folders;
}

fs::path kernel_cache_folder() {
  const fs::path base = path_in("XDG_CACHE_HOME");
  const fs::path home = path_in("HOME");
  if (base.is_absolute()) return base / "sinter" / "kernels";
  return home.empty() ? fs::path() : home / ".cache" / "sinter" / "kernels";
}

fs::path temporary_folder() {
  const fs::path folder = path_in("TMPDIR");
  return folder.empty() ? fs::path("/tmp") : folder;
}

}  // namespace sinter::cli
