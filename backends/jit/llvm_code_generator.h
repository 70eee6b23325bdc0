#pragma once

#include "backends/jit/code_generator.h"

/// What the module that holds LLVM gives to the program that loads it.
namespace sinter::jit {

/// Sinter's version, and a hash of the files that decide what crosses the border below and what code a kernel
/// becomes (backends/CMakeLists.txt lists them).
constexpr const char* emitter_version = SINTER_EMITTER;

constexpr const char* module_version_function = "sinter_llvm_version";
using ModuleVersion = const char*();
constexpr const char* module_generator_function = "sinter_make_code_generator";
/// Owned by the caller; throws as make_code_generator().
using ModuleGenerator = CodeGenerator*(const CpuTarget&);

}  // namespace sinter::jit
