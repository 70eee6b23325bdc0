#pragma once

#include <memory>

#include "backends/backend.h"
#include "backends/backend_options.h"

namespace sinter {

/// Kernels generated for this CPU by LLVM, which is loaded when the first of them has to be compiled.
std::unique_ptr<Backend> make_jit_backend();
std::unique_ptr<Backend> make_jit_backend(const BackendOptions& options);

namespace jit {
enum class InstructionSet : uint8_t;
}

/// For the given instruction set only. Throws InputError where this CPU lacks it.
std::unique_ptr<Backend> make_jit_backend(jit::InstructionSet set, const BackendOptions& options = {});

}  // namespace sinter
