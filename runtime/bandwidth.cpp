#include "runtime/bandwidth.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "ir/error.h"
#include "ir/tensor.h"
#include "runtime/pinned_thread.h"

namespace sinter {
namespace {

constexpr int64_t least_bytes = 1 << 14, most_bytes = 1 << 25;
// Long enough for the start of a round to be small beside it, short enough that on a busy machine some rounds
// go by undisturbed.
constexpr int64_t bytes_of_unit = 1 << 24;
constexpr int64_t units_per_thread = 2;
constexpr int rounds = 16;

// Adds up integers, all of them 1, in eight chains; gives their number, so that the work must be done.
// `bytes` is a multiple of 512. Sanitizers would put their checks between the loads.
using Read = int64_t (*)(const std::byte* memory, int64_t bytes);
constexpr int chains = 8;

int64_t total(std::span<const int32_t> lanes) {
  return std::accumulate(lanes.begin(), lanes.end(), int64_t{0});
}

[[gnu::target("avx512f"), gnu::no_sanitize_address, gnu::no_sanitize_undefined,
  gnu::no_sanitize_thread]] int64_t
read_avx512(const std::byte* memory, int64_t bytes) {
  __m512i sums[chains] = {};
  for (int64_t at = 0; at < bytes; at += chains * 64)
#pragma GCC unroll 8
    for (int i = 0; i < chains; ++i)
      sums[i] = _mm512_add_epi32(sums[i], _mm512_load_si512(memory + at + i * 64));
  for (int i = 1; i < chains; ++i) sums[0] = _mm512_add_epi32(sums[0], sums[i]);
  alignas(64) int32_t lanes[16];
  _mm512_store_si512(lanes, sums[0]);
  return total(lanes);
}

[[gnu::target("avx2"), gnu::no_sanitize_address, gnu::no_sanitize_undefined, gnu::no_sanitize_thread]] int64_t
read_avx2(const std::byte* memory, int64_t bytes) {
  __m256i sums[chains] = {};
  for (int64_t at = 0; at < bytes; at += chains * 32)
#pragma GCC unroll 8
    for (int i = 0; i < chains; ++i)
      sums[i] = _mm256_add_epi32(sums[i],
                                 _mm256_load_si256(reinterpret_cast<const __m256i*>(memory + at + i * 32)));
  for (int i = 1; i < chains; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
  alignas(32) int32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sums[0]);
  return total(lanes);
}

[[gnu::no_sanitize_address, gnu::no_sanitize_undefined, gnu::no_sanitize_thread]] int64_t read_sse2(
    const std::byte* memory, int64_t bytes) {
  __m128i sums[chains] = {};
  for (int64_t at = 0; at < bytes; at += chains * 16)
#pragma GCC unroll 8
    for (int i = 0; i < chains; ++i)
      sums[i] =
          _mm_add_epi32(sums[i], _mm_load_si128(reinterpret_cast<const __m128i*>(memory + at + i * 16)));
  for (int i = 1; i < chains; ++i) sums[0] = _mm_add_epi32(sums[0], sums[i]);
  alignas(16) int32_t lanes[4];
  _mm_store_si128(reinterpret_cast<__m128i*>(lanes), sums[0]);
  return total(lanes);
}

// Changes all in place, as an optimizer's update does; what were ones stay ones. A store to memory that has
// just been read need not fetch it first, as that of a copy does.
using Update = void (*)(std::byte* memory, int64_t bytes);

[[gnu::target("avx512f"), gnu::no_sanitize_address, gnu::no_sanitize_undefined, gnu::no_sanitize_thread]] void
update_avx512(std::byte* memory, int64_t bytes) {
  const __m512i ones = _mm512_set1_epi32(1);
  for (int64_t at = 0; at < bytes; at += chains * 64)
#pragma GCC unroll 8
    for (int i = 0; i < chains; ++i)
      _mm512_store_si512(memory + at + i * 64,
                         _mm512_or_si512(ones, _mm512_load_si512(memory + at + i * 64)));
}

[[gnu::target("avx2"), gnu::no_sanitize_address, gnu::no_sanitize_undefined, gnu::no_sanitize_thread]] void
update_avx2(std::byte* memory, int64_t bytes) {
  const __m256i ones = _mm256_set1_epi32(1);
  for (int64_t at = 0; at < bytes; at += 32) {
    auto* place = reinterpret_cast<__m256i*>(memory + at);
    _mm256_store_si256(place, _mm256_or_si256(ones, _mm256_load_si256(place)));
  }
}

[[gnu::no_sanitize_address, gnu::no_sanitize_undefined, gnu::no_sanitize_thread]] void update_sse2(
    std::byte* memory, int64_t bytes) {
  const __m128i ones = _mm_set1_epi32(1);
  for (int64_t at = 0; at < bytes; at += 16) {
    auto* place = reinterpret_cast<__m128i*>(memory + at);
    _mm_store_si128(place, _mm_or_si128(ones, _mm_load_si128(place)));
  }
}

struct Passes {
  Read read;
  Update update;
};

Passes widest_passes() {
  if (__builtin_cpu_supports("avx512f")) return {read_avx512, update_avx512};
  if (__builtin_cpu_supports("avx2")) return {read_avx2, update_avx2};
  return {read_sse2, update_sse2};
}

/// A buffer for each thread, of ones.
class Buffers {
 public:
  Buffers(ThreadPool& pool, int64_t bytes) : pool_(pool), bytes_(bytes) {
    for (int i = 0; i < pool.threads(); ++i) {
      buffers_.push_back(allocate_aligned(bytes));
      std::fill_n(reinterpret_cast<int32_t*>(buffers_.back().get()), bytes / 4, 1);
    }
  }

  double read_rate() {
    return best_rate([this, read = widest_passes().read](std::byte* memory) {
      require(read(memory, bytes_) == bytes_ / 4, "as many ones as there are integers");
    });
  }

  // Each byte is read and written.
  double update_rate() {
    return 2 *
           best_rate([this, update = widest_passes().update](std::byte* memory) { update(memory, bytes_); });
  }

  double copy_rate() {
    return best_rate([this](std::byte* memory) { std::memcpy(memory + bytes_ / 2, memory, bytes_ / 2); });
  }

 private:
  template <typename F>
  double best_rate(const F& pass) {
    const int64_t passes = std::max<int64_t>(1, bytes_of_unit / bytes_),
                  units = units_per_thread * pool_.threads();
    double least = 0;
    for (int round = 0; round < rounds; ++round) {
      const auto start = std::chrono::steady_clock::now();
      pool_.parallel_for(units, [&](int thread, int64_t begin, int64_t end) {
        const PinnedThread pinned(thread, pool_.threads());
        for (int64_t i = begin * passes; i < end * passes; ++i) pass(buffers_[thread].get());
      });
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (round == 0 || seconds < least) least = seconds;
    }
    return static_cast<double>(units * passes * bytes_) / least;
  }

  ThreadPool& pool_;
  int64_t bytes_;
  std::vector<std::shared_ptr<std::byte>> buffers_;  ///< by thread
};

}  // namespace

double Bandwidth::at(double bytes) {
  const double inside = std::clamp<double>(bytes, least_bytes, most_bytes);
  const auto measured = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(inside)));
  const auto [found, is_new] = measured_.try_emplace(measured);
  if (is_new) {
    Buffers buffers(*pool_, measured);
    found->second = std::max({buffers.read_rate(), buffers.update_rate(), buffers.copy_rate()});
  }
  return found->second;
}

}  // namespace sinter
