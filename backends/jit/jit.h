#pragma once

#include <memory>

#include "backends/backend.h"

namespace sinter {

/// Kernels generated for this CPU by LLVM. Throws Error where LLVM cannot start.
std::unique_ptr<Backend> make_jit_backend();

namespace jit {
enum class InstructionSet : uint8_t;
}

/// For the given instruction set only. Throws InputError where this CPU lacks it.
std::unique_ptr<Backend> make_jit_backend(jit::InstructionSet set);

}  // namespace sinter
