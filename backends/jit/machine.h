#pragma once

#include "backends/cpu_speed.h"

/// What one core does, for estimates of time. Measured on Zen 4 and Sapphire Rapids; ratios matter more than
/// the figures.
namespace sinter::jit {

inline double flops_per_second() { return 16 * flops_of_lane(); }
constexpr double bytes_per_second = 20e9;
constexpr double call_seconds = 2e-7;

}  // namespace sinter::jit
