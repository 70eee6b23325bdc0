#include "bench/run_benchmarks.h"

#include <iostream>
#include <span>
#include <string_view>

#include "ir/error.h"

namespace sinter::bench {

namespace {

// Google Benchmark would print its own console format and say nothing.
void refuse_other_formats(std::span<char* const> arguments) {
  constexpr std::string_view option = "--benchmark_format=";
  for (const std::string_view argument : arguments)
    if (argument.starts_with(option) && argument.substr(option.size()) != "console")
      fail_input(
          "{}: standard output has the table of the comparison; --benchmark_out=FILE with "
          "--benchmark_out_format=json or csv writes a file beside it",
          argument);
}

}  // namespace

int run_benchmarks(int argc, char** argv, const BenchmarkProgram& program) try {
  if (program.reporter != nullptr) refuse_other_formats({argv, static_cast<size_t>(argc)});
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
