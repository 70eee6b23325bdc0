#include "bench/run_benchmarks.h"

#include <gtest/gtest.h>

namespace sinter::bench {
namespace {

TEST(RunBenchmarks, RefusesAFormatThatTheReporterWouldIgnore) {
  benchmark::ConsoleReporter reporter;
  std::string name = "bench", format = "--benchmark_format=json";
  char* arguments[] = {name.data(), format.data()};
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_benchmarks(2, arguments, {.add = [] { FAIL() << "begins nothing"; }, .reporter = &reporter}),
            2);
  EXPECT_EQ(
      testing::internal::GetCapturedStderr(),
      "--benchmark_format=json: standard output has the table of the comparison; --benchmark_out=FILE with "
      "--benchmark_out_format=json or csv writes a file beside it\n");
}

}  // namespace
}  // namespace sinter::bench
