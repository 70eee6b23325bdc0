#pragma once

#include <llvm/IR/Module.h>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"

namespace sinter::jit {

/// Writes a kernel as a function `void name(ptr buffers, ptr workspace, i64 begin, i64 end)` of a module,
/// which runs the units [begin, end). Needs: a kernel that verify_kernel() passed.
std::unique_ptr<llvm::Module> emit(const Kernel& kernel, const std::string& function, const CpuTarget& cpu,
                                   llvm::LLVMContext& context);

}  // namespace sinter::jit
