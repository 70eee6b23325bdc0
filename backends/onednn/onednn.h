#pragma once

#include <memory>

#include "backends/backend.h"

namespace sinter {

/// oneDNN 2.6 primitives as kernels, for f32. Each primitive is made for one thread and for a slice of the
/// node's work; how a node is sliced follows from its shapes alone, so that the bits do not depend on the
/// number of threads, which share the slices. What oneDNN would run by its reference code is declined.
///
/// Differs from the op table at NaN: relu makes 0 of it and exp infinity, max-pools ignore it, maximum and
/// minimum then take the second operand, softmax keeps it to its own element. backends/onednn/README.md.
std::unique_ptr<Backend> make_onednn_backend();

}  // namespace sinter
