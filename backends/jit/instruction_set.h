#pragma once

#include <string>
#include <string_view>

#include "backends/backend_options.h"

namespace sinter::jit {

/// What kernels are made for. Asks the CPU, not LLVM, which need not be loaded for it.
struct CpuTarget {
  InstructionSet set;
  /// Model and features. Code for one identity runs on every CPU of the same: a key for kernels in files.
  std::string identity;
  bool has_avx512;
  int vector_registers;  ///< how many values of vector_size f32 elements fit into its registers
};

/// Throws InputError where this CPU lacks the instruction set.
CpuTarget cpu_target(InstructionSet set);
/// "AVX-512", "AVX2" or "SSE2"
std::string_view instruction_set_name(const CpuTarget& target);

}  // namespace sinter::jit
