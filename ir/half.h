#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace sinter {

/// The 16-bit floating types, by their bits. Rounding is to the nearest, ties to even.
inline float from_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

inline uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return static_cast<uint16_t>(bits >> 16 | 0x40);  // a NaN must not round to infinity
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float from_f16(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const auto fraction = static_cast<float>(bits & 1023);
  float magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  if (exponent == 31) magnitude = fraction == 0 ? INFINITY : NAN;
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

inline uint16_t to_f16(float x) {
  const uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  if (std::isnan(x)) return sign | 0x7e00;
  const float magnitude = std::fabs(x);
  if (magnitude >= 65520) return sign | 0x7c00;  // half way to what would follow 65504
  if (magnitude < 0x1p-24F / 2) return sign;
  // The distance between neighbours: 11 bits of precision, but no finer than 2^-24.
  const int exponent = std::max(std::ilogb(magnitude) - 10, -24);
  const auto count = static_cast<int>(std::nearbyint(std::ldexp(magnitude, -exponent)));
  // A count of 2048 carries into the exponent, as it should.
  return static_cast<uint16_t>(sign + (count < 1024 ? count : ((exponent + 24) << 10) + count));
}

}  // namespace sinter
