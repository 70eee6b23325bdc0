#include "bench/kernels/comparison.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sinter::bench {
namespace {

using Run = benchmark::BenchmarkReporter::Run;

Run run_of(const std::string& name, double least_ms, double median_ms) {
  Run run;
  run.run_name.function_name = name;
  run.counters["least_ms"] = least_ms;
  run.counters["median_ms"] = median_ms;
  return run;
}

Run error_of(const std::string& name, std::string message) {
  Run run = run_of(name, 0, 0);
  run.error_occurred = true;
  run.error_message = std::move(message);
  return run;
}

// What stands behind the benchmarks' own lines.
std::string table_of(Comparison& comparison, const std::vector<Run>& runs) {
  std::ostringstream out;
  comparison.SetOutputStream(&out);
  comparison.SetErrorStream(&out);
  benchmark::BenchmarkReporter::Context context;
  context.name_field_width = 10;
  comparison.ReportContext(context);
  for (const Run& run : runs) comparison.ReportRuns({run});
  out.str("");
  comparison.Finalize();
  return out.str();
}

TEST(Comparison, HoldsTheBestOfAllThreadsAndRepetitionsAgainstEachOfOneDnnsWays) {
  Comparison comparison;
  EXPECT_EQ(
      table_of(
          comparison,
          {run_of("kernel/conv2d/jit/f32/n1/hot/t1", 4, 5), run_of("kernel/conv2d/jit/f32/n1/hot/t2", 2, 7),
           run_of("kernel/conv2d/jit/f32/n1/hot/t2", 3, 3), run_of("kernel/conv2d/jit/f32/n1/hot/t2", 2.5, 4),
           run_of("kernel/conv2d/onednn_direct/f32/n1/hot/t1", 8, 16),
           run_of("kernel/conv2d/onednn_winograd/f32/n1/hot/t1", 1, 2)}),
      "\n"
      "conv2d/n1/hot\n"
      "                    least ms  on  median ms  on      onednn_direct / this    onednn_winograd / this\n"
      "  jit                 2.0000  t2     4.0000  t2          4.00, median 4.00          0.50, median "
      "0.50\n"
      "  onednn_direct       8.0000  t1    16.0000  t1          1.00, median 1.00          0.12, median "
      "0.12\n"
      "  onednn_winograd     1.0000  t1     2.0000  t1          8.00, median 8.00          1.00, median "
      "1.00\n");
  EXPECT_EQ(comparison.failures(), 0);
}

TEST(Comparison, KeepsCachesApart) {
  Comparison comparison;
  const std::string table = table_of(comparison, {run_of("kernel/conv2d/jit/f32/n1/hot/t1", 1, 1),
                                                  run_of("kernel/conv2d/jit/f32/n1/cold/t1", 2, 2)});
  EXPECT_NE(table.find("conv2d/n1/hot"), std::string::npos);
  EXPECT_NE(table.find("conv2d/n1/cold"), std::string::npos);
}

TEST(Comparison, CountsErrorsButNotAMissingKernel) {
  Comparison comparison;
  EXPECT_EQ(table_of(comparison,
                     {error_of("kernel/conv2d/jit/f32/n1/hot/t1", "differs from the reference by 1"),
                      error_of("kernel/conv2d/onednn/f32/n1/hot/t1", "no kernel: onednn declines conv2d")}),
            "");
  EXPECT_EQ(comparison.failures(), 1);
}

}  // namespace
}  // namespace sinter::bench
