#include "backends/cpu_speed.h"

namespace sinter {

double flops_of_lane() {
  constexpr double one_unit = 7.3e9;
  const bool has_two_units = __builtin_cpu_is("intel") && __builtin_cpu_supports("avx512f");
  return has_two_units ? 2 * one_unit : one_unit;
}

int widest_vector() {
  if (__builtin_cpu_supports("avx512f")) return 16;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 4;
}

}  // namespace sinter
