#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sinter {

/// Which examples of a set that has no test split are held out for the test: `share` of each class, rounded,
/// at least one where the class has two. The choice depends on labels and share alone, so that training and
/// evaluation agree on it whatever their seeds.
std::vector<bool> held_out(std::span<const uint16_t> labels, double share);

}  // namespace sinter
