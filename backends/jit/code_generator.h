#pragma once

#include <memory>
#include <string>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"

namespace llvm {
class MemoryBuffer;
class TargetMachine;
}  // namespace llvm

namespace sinter::jit {

/// Turns kernels into machine code for one kind of CPU. Thread safety: none; one for each thread.
class CodeGenerator {
 public:
  explicit CodeGenerator(const CpuTarget& cpu);
  ~CodeGenerator();

  /// The function as an object file. Throws InternalError where the kernel or its LLVM code breaks a rule.
  std::unique_ptr<llvm::MemoryBuffer> object(const Kernel& kernel, const std::string& function);
  /// The optimized LLVM code, and the machine's, as text.
  std::string llvm_text(const Kernel& kernel, const std::string& function);
  std::string assembly(const Kernel& kernel, const std::string& function);

 private:
  CpuTarget cpu_;
  std::unique_ptr<llvm::TargetMachine> machine_;
};

}  // namespace sinter::jit
