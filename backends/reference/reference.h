#pragma once

#include <memory>

#include "backends/backend.h"

namespace sinter {

/// The op table's evaluate functions as kernels: plain, complete, the oracle that other backends are held
/// against. Runs every op in plain layouts.
std::unique_ptr<Backend> make_reference_backend();

}  // namespace sinter
