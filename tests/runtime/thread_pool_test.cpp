#include "runtime/thread_pool.h"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

namespace sinter {
namespace {

TEST(ThreadPool, CoversEveryUnitOnce) {
  for (const int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    for (const int64_t units : {0, 1, 2, 3, 5, 100, 4097}) {
      std::vector<std::atomic<int>> seen(units);
      pool.parallel_for(units, [&](int thread, int64_t begin, int64_t end) {
        EXPECT_TRUE(thread >= 0 && thread < threads);
        for (int64_t i = begin; i < end; ++i) ++seen[i];
      });
      for (int64_t i = 0; i < units; ++i) EXPECT_EQ(seen[i], 1) << i << " of " << units << " on " << threads;
    }
  }
}

TEST(ThreadPool, NoTwoThreadsHaveOnePlace) {
  ThreadPool pool(7);
  for (const int64_t units : {2, 3, 5, 7, 40})
    for (int loop = 0; loop < 200; ++loop) {
      std::vector<std::atomic<std::thread::id>> at(std::min<int64_t>(units, 7));
      pool.parallel_for(units, [&](int place, int64_t, int64_t) {
        ASSERT_LT(place, static_cast<int>(at.size()));
        const auto before = at[place].exchange(std::this_thread::get_id());
        EXPECT_TRUE(before == std::thread::id() || before == std::this_thread::get_id());
      });
    }
}

TEST(ThreadPool, ManySmallLoopsAddUp) {
  ThreadPool pool(3);
  std::vector<int64_t> values(64);
  for (int loop = 0; loop < 5000; ++loop)
    pool.parallel_for(64, [&](int, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) values[i] += i;
    });
  for (int64_t i = 0; i < 64; ++i) EXPECT_EQ(values[i], 5000 * i);
}

TEST(ThreadPool, HandsAnExceptionToTheCaller) {
  ThreadPool pool(3);
  for (int64_t bad : {0, 37, 99}) {
    const auto run = [&] {
      pool.parallel_for(100, [&](int, int64_t begin, int64_t end) {
        if (begin <= bad && bad < end) throw std::runtime_error("unit " + std::to_string(bad));
      });
    };
    EXPECT_THROW(run(), std::runtime_error);
  }
  int64_t after = 0;  // the pool goes on
  pool.parallel_for(1, [&](int, int64_t, int64_t end) { after += end; });
  EXPECT_EQ(after, 1);
}

TEST(ThreadPool, ServesSeveralCallers) {
  ThreadPool pool(2);
  std::vector<std::thread> callers;
  std::vector<int64_t> totals(4);
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      std::vector<int64_t> values(200);
      for (int loop = 0; loop < 200; ++loop)
        pool.parallel_for(200, [&](int, int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) ++values[i];
        });
      totals[caller] = std::accumulate(values.begin(), values.end(), int64_t{0});
    });
  for (std::thread& caller : callers) caller.join();
  for (const int64_t total : totals) EXPECT_EQ(total, 200 * 200);
}

TEST(ThreadPool, ALoopInALoopRunsAlone) {
  ThreadPool pool(2);
  std::atomic<int64_t> total = 0;
  pool.parallel_for(4, [&](int, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      pool.parallel_for(10, [&](int, int64_t b, int64_t e) { total += e - b; });
  });
  EXPECT_EQ(total, 40);
}

}  // namespace
}  // namespace sinter
