#include "cli/environment.h"

#include <cstdlib>

namespace sinter::cli {

std::vector<std::filesystem::path> data_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* data = std::getenv("SINTER_DATA"); data != nullptr && *data != '\0')
    folders.emplace_back(data);
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    folders.push_back(std::filesystem::path(home) / ".cache" / "sinter");
  return folders;
}

}  // namespace sinter::cli
