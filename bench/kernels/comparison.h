#pragma once

#include <benchmark/benchmark.h>

#include <map>

namespace sinter::bench {

/// Google Benchmark's console output, and at the end for each kernel its contestants side by side: least and
/// median time at their best number of threads, and how many times quicker they are than each of oneDNN's own
/// ways at its best. The least is that of all iterations of all repetitions, the median the middle of the
/// repetitions' medians. Reads the counters `least_ms` and `median_ms`, and names of the form
/// kernel/SUBJECT/BACKEND/f32/SHAPE/CACHE/THREADS.
class Comparison final : public benchmark::ConsoleReporter {
 public:
  Comparison() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

  /// Benchmarks that ended in an error other than that a backend has no kernel.
  int failures() const { return failures_; }

 private:
  /// Of one number of threads.
  struct Times {
    double least_ms = 0;
    std::vector<double> medians_ms = {};  ///< of each repetition

    void add(double least, double median);
    double median_ms() const;
  };
  /// At the numbers of threads that suit it.
  struct Best {
    std::string least_on, median_on;
    double least_ms = 0, median_ms = 0;
  };
  using Contestants = std::map<std::string, std::map<std::string, Times>>;  ///< by backend, by threads

  void take(const Run& run);
  static Best best_of(const std::map<std::string, Times>& by_threads);
  void print_kernel(const std::string& kernel, const Contestants& contestants);

  std::vector<std::string> order_;  ///< of kernels
  std::map<std::string, Contestants> kernels_;
  int failures_ = 0;
};

/// How the message of a benchmark begins that a backend has no kernel for.
inline constexpr std::string_view no_kernel = "no kernel: ";

}  // namespace sinter::bench
