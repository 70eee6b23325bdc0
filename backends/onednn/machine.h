#pragma once

#include <string_view>

namespace sinter::onednn {

/// What one core does, as far as oneDNN may use its instruction set: for estimates.
double flops_per_second();
double bytes_per_second();
/// f32 elements of a vector of the widest registers.
int vector_width();
/// The instruction set that oneDNN uses: "AVX-512", "AVX2", ...
std::string_view instruction_set();

/// The share of the peak that an implementation of oneDNN reaches on full vectors, and how wide these are.
struct Efficiency {
  double share;
  int width;
};
Efficiency efficiency_of(std::string_view implementation);

}  // namespace sinter::onednn
