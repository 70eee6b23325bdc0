#include "bench/run_benchmarks.h"

#include <iostream>

#include "ir/error.h"

namespace sinter::bench {

int run_benchmarks(int argc, char** argv, const BenchmarkProgram& program) try {
  benchmark::Initialize(&argc, argv, program.help);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  program.add();
  if (benchmark::RunSpecifiedBenchmarks(program.reporter) == 0)
    fail_input("no benchmark has a name that matches");
  benchmark::ClearRegisteredBenchmarks();  // and what they hold
  benchmark::Shutdown();
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 2;
}

}  // namespace sinter::bench
