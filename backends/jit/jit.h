#pragma once

#include <memory>

#include "backends/backend.h"
#include "backends/backend_options.h"

namespace sinter {

/// Kernels generated for this CPU by LLVM, which is loaded when the first of them has to be compiled.
/// Throws InputError where this CPU lacks the instruction set that is asked for.
std::unique_ptr<Backend> make_jit_backend(const BackendOptions& options = {});

}  // namespace sinter
