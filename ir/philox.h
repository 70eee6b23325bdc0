#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace sinter {

/// Philox 4x32-10: four random words from a key and a counter, with no state in between.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
constexpr std::array<uint32_t, 4> philox(uint64_t key, std::array<uint32_t, 4> counter) {
  auto key_low = static_cast<uint32_t>(key), key_high = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0];
    const uint64_t b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key_low, static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key_high, static_cast<uint32_t>(a)};
    key_low += 0x9E3779B9;   // the golden ratio, and
    key_high += 0xBB67AE85;  // sqrt(3) - 1: the paper's Weyl sequence
  }
  return counter;
}

/// The number of a random stream from its name, such as a parameter's: FNV-1a, 64 bits.
constexpr uint64_t stream_id(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// Random numbers counted by (seed, stream, step, element): whoever asks for the same four gets the same
/// numbers, on any thread and in any order. One object gives up to 2^34 words.
class Random {
 public:
  constexpr Random(uint64_t seed, uint64_t stream, uint32_t step = 0, uint64_t element = 0)
      : counter_{0, step, low(element), high(element)} {
    // Seed and stream are 64 bits each and the key has room for one: Philox itself mixes them.
    const auto mixed = philox(seed, {low(stream), high(stream), 0, 0});
    key_ = mixed[0] | static_cast<uint64_t>(mixed[1]) << 32;
  }

  /// 32 random bits.
  constexpr uint32_t word() {
    if (used_ == 4) {
      words_ = philox(key_, counter_);
      ++counter_[0];
      used_ = 0;
    }
    return words_[used_++];
  }
  /// 64 random bits.
  constexpr uint64_t words() {
    const uint64_t first = word();
    return first | static_cast<uint64_t>(word()) << 32;
  }

  /// In [0, 1), a multiple of 2^-24.
  constexpr float uniform() { return static_cast<float>(word() >> 8) * 0x1p-24f; }
  /// In [0, 1), a multiple of 2^-53.
  constexpr double uniform_double() { return static_cast<double>(words() >> 11) * 0x1p-53; }
  /// In [low, high).
  constexpr float uniform(float low, float high) {
    const float value = low + (high - low) * uniform();
    return value < high ? value : low;  // the sum may round up to `high`
  }
  /// In [0, n) for n > 0; no value is likelier than another by more than n / 2^64.
  constexpr uint64_t uniform_int(uint64_t n) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(words()) * n >> 64);
  }
  /// Mean 0, standard deviation 1.
  /// Source: Box and Muller, Annals of Mathematical Statistics 29, 1958; the sine is not used.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform_double()));
    return radius * std::cos(2 * std::numbers::pi * uniform_double());
  }

 private:
  static constexpr uint32_t low(uint64_t x) { return static_cast<uint32_t>(x); }
  static constexpr uint32_t high(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

  uint64_t key_ = 0;
  std::array<uint32_t, 4> counter_;  ///< block, step, element
  std::array<uint32_t, 4> words_ = {};
  int used_ = 4;
};

}  // namespace sinter
