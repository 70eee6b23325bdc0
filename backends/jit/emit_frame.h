#pragma once

#include <llvm/IR/IRBuilder.h>

#include <optional>
#include <vector>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"

namespace sinter::jit {

/// What the parts of the emitter share: the function under construction, and what is known of the kernel's
/// variables where it is at.
struct EmitFrame {
  const Kernel& kernel;
  const CpuTarget& cpu;
  llvm::IRBuilder<> builder;
  std::vector<llvm::Value*> buffers, tiles;       ///< addresses
  std::vector<std::optional<int64_t>> constants;  ///< by variable: of unrolled loops
  std::vector<llvm::Value*> variables;            ///< of the others

  EmitFrame(const Kernel& kernel, const CpuTarget& cpu, llvm::LLVMContext& context)
      : kernel(kernel),
        cpu(cpu),
        builder(context),
        constants(kernel.variables.size()),
        variables(kernel.variables.size()) {}

  llvm::Type* scalar_type(DType dtype);
  /// As a buffer holds it: truth values are bytes there.
  llvm::Type* stored_type(DType dtype);
  static llvm::Type* widened(llvm::Type* type, bool vector) {
    return vector ? llvm::FixedVectorType::get(type, vector_size) : type;
  }

  /// Whether an index is a constant here, and which.
  bool is_known(const Index& index) const;
  int64_t known(const Index& index) const;
  llvm::Value* value(const Index& index);
};

}  // namespace sinter::jit
