#pragma once

namespace sinter {

/// FLOP/s of one lane of one core at about 3.6 GHz, for estimates of time: of Zen 4, which issues one
/// multiply-add of 512 bits a cycle; twice that where there are units for two, as on Intel's servers and
/// Zen 5. By the names that the CPU gives, not by measurement, so that a graph has the same plan in every
/// run. Only ratios of estimates are compared.
double flops_of_lane();

/// f32 elements of the widest vectors that this CPU computes with: 16, 8 or 4.
int widest_vector();

}  // namespace sinter
