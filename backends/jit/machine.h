#pragma once

/// What one core does, for estimates of time: between Zen 4 (117 GFLOP/s, one multiply-add a cycle) and
/// Sapphire Rapids (230, two). Ratios matter more than the figures.
namespace sinter::jit {

constexpr double flops_per_second = 150e9;
constexpr double bytes_per_second = 20e9;
constexpr double call_seconds = 2e-7;

}  // namespace sinter::jit
