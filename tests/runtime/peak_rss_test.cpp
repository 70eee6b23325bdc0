#include "runtime/peak_rss.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

namespace sinter {
namespace {

constexpr int64_t large = 64 << 20;

// Holds that much memory, and gives it back.
void hold(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, bytes);
  munmap(memory, bytes);
}

TEST(PeakRss, CountsWhatWasHeldOnlyUntilItIsReset) {
  const auto before = peak_rss_bytes();
  if (!before) GTEST_SKIP() << "no VmHWM in /proc/self/status";
  reset_peak_rss();
  hold(large);
  const int64_t peak = peak_rss_bytes().value();
  EXPECT_GE(peak, large);
  hold(large / 2);
  EXPECT_EQ(peak_rss_bytes(), peak);
  if (!reset_peak_rss()) GTEST_SKIP() << "/proc/self/clear_refs cannot be written";
  EXPECT_LT(peak_rss_bytes().value(), peak - large / 2);
}

}  // namespace
}  // namespace sinter
