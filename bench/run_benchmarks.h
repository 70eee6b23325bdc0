#pragma once

#include <benchmark/benchmark.h>

#include <functional>

namespace sinter::bench {

/// What a benchmark program adds to Google Benchmark.
struct BenchmarkProgram {
  std::function<void()> add;  ///< registers the benchmarks; may throw Error
  void (*help)() = benchmark::PrintDefaultHelp;
  benchmark::BenchmarkReporter* reporter = nullptr;  ///< null: Google Benchmark's
};

/// The body of main(): takes Google Benchmark's options, adds the benchmarks and runs those whose names
/// match. Returns the exit code: 0, or 2 for wrong arguments and Errors, which it says on standard error.
int run_benchmarks(int argc, char** argv, const BenchmarkProgram& program);

}  // namespace sinter::bench
