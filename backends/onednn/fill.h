#pragma once

#include <memory>

#include "backends/backend.h"

namespace sinter::onednn {

/// Writes one number all over an f32 buffer of this many bytes.
std::unique_ptr<Kernel> make_fill(size_t buffer, int64_t bytes, float value);

}  // namespace sinter::onednn
