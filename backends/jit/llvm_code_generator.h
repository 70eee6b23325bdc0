#pragma once

#include "backends/jit/code_generator.h"

/// What the module that holds LLVM gives to the program that loads it.
namespace sinter::jit {

/// The form of what crosses the border below, and of the code that is made: a number more wherever
/// CodeGenerator or Kernel change, or the same kernel becomes other code (emit.h, vector_math.h).
constexpr const char* emitter_version = SINTER_VERSION " 1";

constexpr const char* module_version_function = "sinter_llvm_version";
using ModuleVersion = const char*();
constexpr const char* module_generator_function = "sinter_make_code_generator";
/// Owned by the caller; throws as make_code_generator().
using ModuleGenerator = CodeGenerator*(const CpuTarget&);

}  // namespace sinter::jit
