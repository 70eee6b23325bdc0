#pragma once

#include <string>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"

namespace sinter::jit {

/// All that a kernel's code follows from, as text: the versions of Sinter, its emitter and LLVM, the CPU, the
/// kernel's own text, and what that does not show.
std::string key_of(const Kernel& kernel, const CpuTarget& cpu);

/// A name for the function in tools and object files: the kernel's own, which says which ops it is, and a
/// hash of its key.
std::string symbol_of(const Kernel& kernel, const std::string& key);

}  // namespace sinter::jit
