#pragma once

#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// Makes sixteen vectors the columns of what they are the rows of: lane j of vector i becomes lane i of
/// vector j.
void transpose(KernelBuilder& k, const TileHandle& rows);

}  // namespace sinter::jit
