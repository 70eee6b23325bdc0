#pragma once

#include <memory>
#include <span>

#include "backends/backend.h"
#include "backends/backend_options.h"

namespace sinter {

struct BackendEntry {
  std::string_view name;
  std::unique_ptr<Backend> (*make_with)(const BackendOptions& options);

  std::unique_ptr<Backend> make(const BackendOptions& options = {}) const { return make_with(options); }
};

/// The backends of this build, the one to take first first;
std::span<const BackendEntry> backend_table();

}  // namespace sinter
