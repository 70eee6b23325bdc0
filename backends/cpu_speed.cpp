#include "backends/cpu_speed.h"

#include <cpuid.h>

namespace sinter {
namespace {

// Zen 5 but for its small cores, whose vectors of 512 bits go through a unit twice. Source: AMD, Software
// Optimization Guide for the AMD Zen5 Microarchitecture; families and models as Linux lists them.
bool is_wide_zen5() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__builtin_cpu_is("amd") || __get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return false;
  const unsigned family = (eax >> 8 & 0xF) + (eax >> 20 & 0xFF),
                 model = (eax >> 4 & 0xF) + (eax >> 16 & 0xF) * 16;
  return family == 0x1A && (model < 0x20 || (model >= 0x40 && model < 0x50));
}

}  // namespace

double flops_of_lane() {
  constexpr double one_unit = 7.3e9;
  static const bool has_two_units =
      __builtin_cpu_supports("avx512f") && (__builtin_cpu_is("intel") || is_wide_zen5());
  return has_two_units ? 2 * one_unit : one_unit;
}

int widest_vector() {
  if (__builtin_cpu_supports("avx512f")) return 16;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 4;
}

}  // namespace sinter
