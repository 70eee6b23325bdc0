#pragma once

#include <cstdint>

namespace sinter::jit {

/// Division that rounds down, or up, whatever the sign.
constexpr int64_t floor_divided(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
constexpr int64_t ceil_divided(int64_t a, int64_t b) { return -floor_divided(-a, b); }

}  // namespace sinter::jit
