#pragma once

/// What one core does, for estimates of time. Measured on Zen 4; ratios matter more than the figures.
namespace sinter::jit {

constexpr double flops_per_second = 100e9;
constexpr double bytes_per_second = 20e9;
constexpr double call_seconds = 2e-7;

}  // namespace sinter::jit
