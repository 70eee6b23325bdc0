#pragma once

#include <memory>
#include <span>

#include "backends/backend.h"

namespace sinter {

struct BackendEntry {
  std::string_view name;
  std::unique_ptr<Backend> (*make)();
};

/// The backends of this build, the one to take first first;
std::span<const BackendEntry> backend_table();

}  // namespace sinter
