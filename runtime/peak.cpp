#include "runtime/peak.h"

#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "ir/error.h"
#include "runtime/pinned_thread.h"

namespace sinter {
namespace {

// Two multiply-adds a cycle that each take four or five cycles need ten independent chains. With the two
// constants, twelve still fit into the sixteen registers of SSE and AVX.
constexpr int chains = 12;
// Some tenth of a millisecond for a unit, and eight units a thread: on a busy machine some rounds of that
// length go by undisturbed.
constexpr int64_t steps = 50'000;
constexpr int64_t units_per_thread = 8;
constexpr int rounds = 32;

// Each kernel repeats x = x / 2 + 1 in every lane of every chain. That stays finite and normal, and comes to
// rest at exactly 2, so that the sum of one lane over the chains says whether the work was done. Sanitizers
// would put their checks between the multiplications.
constexpr float sum_at_rest = 2 * chains;

struct Kernel {
  float (*run)();
  int lanes;
};

[[gnu::target("avx512f"), gnu::no_sanitize_address, gnu::no_sanitize_undefined,
  gnu::no_sanitize_thread]] float
run_avx512() {
  __m512 x[chains];
  for (int i = 0; i < chains; ++i) x[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 half = _mm512_set1_ps(0.5F), one = _mm512_set1_ps(1);
  for (int64_t step = 0; step < steps; ++step)
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) x[i] = _mm512_fmadd_ps(x[i], half, one);
  for (int i = 1; i < chains; ++i) x[0] = _mm512_add_ps(x[0], x[i]);
  return _mm512_cvtss_f32(x[0]);
}

[[gnu::target("avx2,fma"), gnu::no_sanitize_address, gnu::no_sanitize_undefined,
  gnu::no_sanitize_thread]] float
run_avx2() {
  __m256 x[chains];
  for (int i = 0; i < chains; ++i) x[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 half = _mm256_set1_ps(0.5F), one = _mm256_set1_ps(1);
  for (int64_t step = 0; step < steps; ++step)
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) x[i] = _mm256_fmadd_ps(x[i], half, one);
  for (int i = 1; i < chains; ++i) x[0] = _mm256_add_ps(x[0], x[i]);
  return _mm256_cvtss_f32(x[0]);
}

// Every x86-64 processor has SSE; its multiplication and addition are two instructions.
[[gnu::no_sanitize_address, gnu::no_sanitize_undefined, gnu::no_sanitize_thread]] float run_sse() {
  __m128 x[chains];
  for (int i = 0; i < chains; ++i) x[i] = _mm_set1_ps(static_cast<float>(i));
  const __m128 half = _mm_set1_ps(0.5F), one = _mm_set1_ps(1);
  for (int64_t step = 0; step < steps; ++step)
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) x[i] = _mm_add_ps(_mm_mul_ps(x[i], half), one);
  for (int i = 1; i < chains; ++i) x[0] = _mm_add_ps(x[0], x[i]);
  return _mm_cvtss_f32(x[0]);
}

Kernel kernel_of(int vector_width) {
  require(vector_width <= widest_vector(), "vectors that this processor has");
  if (vector_width == 16) return {run_avx512, 16};
  if (vector_width == 8) return {run_avx2, 8};
  return {run_sse, 4};
}

/// What a thread did of a round.
struct Share {
  int64_t units = 0;
  double begin = 0, end = 0;  ///< seconds

  double units_per_second() const { return static_cast<double>(units) / (end - begin); }
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Share run_units(const Kernel& kernel, int64_t units) {
  Share share{.units = units, .begin = now()};
  for (int64_t unit = 0; unit < units; ++unit)
    require(kernel.run() == sum_at_rest, "multiply-adds that come to rest at 2");
  share.end = now();
  return share;
}

// By all threads, from the first one's begin to the last one's end.
double units_per_second_together(ThreadPool& pool, const Kernel& kernel) {
  std::vector<Share> shares(pool.threads());
  pool.parallel_for(units_per_thread * pool.threads(), [&](int thread, int64_t begin, int64_t end) {
    const PinnedThread pinned(thread, pool.threads());
    const Share more = run_units(kernel, end - begin);
    Share& share = shares[thread];
    share = {share.units + more.units, share.units > 0 ? share.begin : more.begin, more.end};
  });
  Share all{.begin = std::numeric_limits<double>::infinity()};
  for (const Share& share : shares)
    if (share.units > 0)
      all = {all.units + share.units, std::min(all.begin, share.begin), std::max(all.end, share.end)};
  return all.units_per_second();
}

}  // namespace

// A processor's clock is higher while some of its cores have nothing to do, and in a loop a thread may be
// alone for a while: cores of their own can do what one alone does, each. That all threads together come near
// it says that they have cores of their own, and do not share them two by two.
double measure_peak_flops(ThreadPool& pool, int vector_width) {
  constexpr double cores_of_their_own = 0.75;
  const Kernel kernel = kernel_of(vector_width);
  double alone = 0, together = 0;
  // One kind after the other: idle threads spin before they sleep.
  for (int round = 0; round < rounds; ++round)
    alone = std::max(alone, run_units(kernel, units_per_thread).units_per_second() * pool.threads());
  for (int round = 0; round < rounds; ++round)
    together = std::max(together, units_per_second_together(pool, kernel));
  const double units = together > cores_of_their_own * alone ? std::max(together, alone) : together;
  return units * 2.0 * steps * chains * kernel.lanes;
}

}  // namespace sinter
