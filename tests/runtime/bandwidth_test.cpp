#include "runtime/bandwidth.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace sinter {
namespace {

// Three 64-byte accesses a cycle at 6 GHz are beyond every core of today; a tenth of a byte a cycle is
// beneath every memory.
constexpr double most_for_a_thread = 3 * 64 * 6e9, least = 2e8;

TEST(Bandwidth, LiesInWhatMachinesCanDo) {
  for (const int threads : {1, 2}) {
    Bandwidth bandwidth(std::make_shared<ThreadPool>(threads));
    for (const double bytes : {0.0, 3e5, 1e12}) {
      EXPECT_GT(bandwidth.at(bytes), least) << threads << " threads, " << bytes;
      EXPECT_LT(bandwidth.at(bytes), most_for_a_thread * threads) << threads << " threads, " << bytes;
    }
  }
}

TEST(Bandwidth, OfACacheIsMoreThanThatOfMemory) {
  Bandwidth bandwidth(std::make_shared<ThreadPool>(1));
  EXPECT_GT(bandwidth.at(1 << 14), bandwidth.at(1 << 25));
}

TEST(Bandwidth, IsMeasuredOnceForEachPowerOfTwo) {
  Bandwidth bandwidth(std::make_shared<ThreadPool>(1));
  const double small = bandwidth.at(1 << 14), large = bandwidth.at(1 << 15);
  EXPECT_EQ(bandwidth.at(100), small);
  EXPECT_EQ(bandwidth.at((1 << 15) - 1), small);
  EXPECT_EQ(bandwidth.at((1 << 16) - 1), large);
}

TEST(Bandwidth, LeavesTheThreadOnItsCores) {
  cpu_set_t before, after;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  Bandwidth(std::make_shared<ThreadPool>(2)).at(1 << 14);
  ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

}  // namespace
}  // namespace sinter
