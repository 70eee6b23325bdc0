#include "runtime/peak.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>

namespace sinter {
namespace {

// Two 512-bit multiply-adds a cycle at 6 GHz are beyond every processor of today, and one multiplication a
// cycle at 0.2 GHz beneath them: a loop that was optimised away, or adds up the wrong count, is neither.
constexpr double most_for_a_thread = 64 * 6e9, least = 2e8;

TEST(Peak, LiesInWhatProcessorsCanDo) {
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    const double peak = measure_peak_flops(pool);
    EXPECT_GT(peak, least) << threads;
    EXPECT_LT(peak, most_for_a_thread * threads) << threads;
  }
}

TEST(Peak, IsAboveWhatAPlainLoopReaches) {
  ThreadPool pool(1);
  constexpr int64_t steps = 2'000'000;
  float x = 1;
  const auto start = std::chrono::steady_clock::now();
  for (int64_t step = 0; step < steps; ++step) x = x * 0.5F + 1;  // each step awaits the one before
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(x, 2);
  EXPECT_GT(measure_peak_flops(pool), 2 * (2 * steps / seconds));
}

TEST(Peak, OfNarrowVectorsIsLess) {
  if (widest_vector() == 4) GTEST_SKIP() << "this CPU has no wider ones";
  ThreadPool pool(1);
  EXPECT_LT(measure_peak_flops(pool, 4), 0.75 * measure_peak_flops(pool));
}

TEST(Peak, LeavesTheThreadOnItsCores) {
  cpu_set_t before, after;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  ThreadPool pool(2);
  measure_peak_flops(pool);
  ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

}  // namespace
}  // namespace sinter
