#include "tests/source_path.h"

namespace sinter {

std::filesystem::path source_path(std::string_view relative) {
  return std::filesystem::path(SINTER_SOURCE_DIR) / relative;
}

}  // namespace sinter
