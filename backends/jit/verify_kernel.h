#pragma once

#include "backends/jit/kernel.h"

namespace sinter::jit {

/// Checks what LLVM does not know: element types and vectors fit, tiles are indexed by constants within their
/// shape, and no access can leave its buffer, for all values of the loop variables that loop bounds and
/// conditions admit. Throws InternalError with the statement and the kernel's text.
void verify_kernel(const Kernel& kernel);

}  // namespace sinter::jit
