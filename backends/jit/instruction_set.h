#pragma once

#include <string>
#include <string_view>

namespace sinter::jit {

/// What generated code may use.
enum class InstructionSet : uint8_t {
  host,      ///< all that this CPU has
  baseline,  ///< any x86-64 CPU: SSE2
  avx2,      ///< with FMA: x86-64-v3
  avx512,    ///< x86-64-v4
};

/// A CPU as LLVM names it.
struct CpuTarget {
  std::string cpu;
  std::string features;  ///< "+avx2,-avx512f,..."
  bool has_avx512;
  int vector_registers;  ///< how many values of vector_size f32 elements fit into its registers
};

/// Throws InputError where this CPU lacks the instruction set.
CpuTarget cpu_target(InstructionSet set);
/// "AVX-512", "AVX2" or "SSE2"
std::string_view instruction_set_name(const CpuTarget& target);

}  // namespace sinter::jit
