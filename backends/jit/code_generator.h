#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"

namespace sinter::jit {

/// Turns kernels into machine code for one kind of CPU. Thread safety: none; one for each thread.
///
/// All that needs LLVM stands behind this interface, in a module of its own (llvm_code_generator.h) that is
/// loaded when the first generator is made: a program that finds its kernels in a cache never loads it.
class CodeGenerator {
 public:
  virtual ~CodeGenerator() = default;

  /// The function as an ELF object file. Throws Error where LLVM cannot make code of it, InternalError where
  /// its LLVM code breaks a rule. Needs: a kernel that verify_kernel() passed.
  virtual std::vector<std::byte> object(const Kernel& kernel, const std::string& function) = 0;
  /// The optimized LLVM code, and the machine's, as text.
  virtual std::string llvm_text(const Kernel& kernel, const std::string& function) = 0;
  virtual std::string assembly(const Kernel& kernel, const std::string& function) = 0;
};

/// Throws Error where LLVM cannot be loaded.
std::unique_ptr<CodeGenerator> make_code_generator(const CpuTarget& cpu);

/// The version of LLVM that this program was built with.
std::string_view llvm_version();

}  // namespace sinter::jit
