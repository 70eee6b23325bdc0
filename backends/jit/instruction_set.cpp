#include "backends/jit/instruction_set.h"

#include <cpuid.h>

#include "ir/error.h"

namespace sinter::jit {
namespace {

// Of vectors of 512 bits: AVX-512 has 32 registers of that size, AVX2 16 of half, SSE2 16 of a quarter.
constexpr int avx512_registers = 32, avx2_registers = 8, baseline_registers = 4;

// A feature that the CPU has and the system saves the registers of; null: none is missing.
const char* missing_for_avx2() {
  return !__builtin_cpu_supports("avx2")   ? "avx2"
         : !__builtin_cpu_supports("fma")  ? "fma"
         : !__builtin_cpu_supports("bmi2") ? "bmi2"
                                           : nullptr;
}

const char* missing_for_avx512() {
  return !__builtin_cpu_supports("avx512f")    ? "avx512f"
         : !__builtin_cpu_supports("avx512bw") ? "avx512bw"
         : !__builtin_cpu_supports("avx512cd") ? "avx512cd"
         : !__builtin_cpu_supports("avx512dq") ? "avx512dq"
         : !__builtin_cpu_supports("avx512vl") ? "avx512vl"
                                               : nullptr;
}

uint64_t saved_registers() {
  uint32_t low = 0, high = 0;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

// Family, model and stepping, every feature bit, and which registers the system saves: all that LLVM looks at
// to choose a CPU and its features. Left out is leaf 1's ebx, which names the core.
std::string host_identity() {
  constexpr uint32_t os_saves_registers = 1U << 27;
  uint32_t a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(0, &a, &b, &c, &d);
  std::string vendor(12, ' ');
  for (size_t i = 0; i < 4; ++i) {
    vendor[i] = static_cast<char>(b >> 8 * i);
    vendor[4 + i] = static_cast<char>(d >> 8 * i);
    vendor[8 + i] = static_cast<char>(c >> 8 * i);
  }
  std::string identity = vendor;
  if (__get_cpuid(1, &a, &b, &c, &d)) identity += fmt::format(" 1:{:x},{:x},{:x}", a, c, d);
  if ((c & os_saves_registers) != 0) identity += fmt::format(" xcr0:{:x}", saved_registers());
  for (const uint32_t part : {0U, 1U})
    if (__get_cpuid_count(7, part, &a, &b, &c, &d))
      identity += fmt::format(" 7.{}:{:x},{:x},{:x},{:x}", part, a, b, c, d);
  if (__get_cpuid(0x80000001, &a, &b, &c, &d)) identity += fmt::format(" 80000001:{:x},{:x}", c, d);
  return identity;
}

CpuTarget host_target() {
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return {InstructionSet::host, host_identity(), avx512,
          avx512 ? avx512_registers
          : avx2 ? avx2_registers
                 : baseline_registers};
}

void need(const char* missing, std::string_view what) {
  if (missing != nullptr) fail_input("this CPU has no {} ({})", what, missing);
}

}  // namespace

CpuTarget cpu_target(InstructionSet set) {
  __builtin_cpu_init();
  switch (set) {
    case InstructionSet::host:
      return host_target();
    case InstructionSet::baseline:
      return {set, "x86-64", false, baseline_registers};
    case InstructionSet::avx2:
      need(missing_for_avx2(), "AVX2");
      return {set, "x86-64-v3", false, avx2_registers};
    case InstructionSet::avx512:
      need(missing_for_avx512(), "AVX-512");
      return {set, "x86-64-v4", true, avx512_registers};
  }
  require(false, "a known instruction set");
  return {};
}

std::string_view instruction_set_name(const CpuTarget& target) {
  return target.has_avx512 ? "AVX-512" : target.vector_registers == avx2_registers ? "AVX2" : "SSE2";
}

}  // namespace sinter::jit
