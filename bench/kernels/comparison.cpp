#include "bench/kernels/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace sinter::bench {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

}  // namespace

void Comparison::Times::add(double least, double median) {
  least_ms = medians_ms.empty() ? least : std::min(least_ms, least);
  medians_ms.push_back(median);
}

double Comparison::Times::median_ms() const {
  std::vector<double> sorted = medians_ms;
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

Comparison::Best Comparison::best_of(const std::map<std::string, Times>& by_threads) {
  Best best;
  for (const auto& [threads, times] : by_threads) {
    if (best.least_on.empty() || times.least_ms < best.least_ms) {
      best.least_on = threads;
      best.least_ms = times.least_ms;
    }
    if (best.median_on.empty() || times.median_ms() < best.median_ms) {
      best.median_on = threads;
      best.median_ms = times.median_ms();
    }
  }
  return best;
}

void Comparison::ReportRuns(const std::vector<Run>& runs) {
  std::vector<Run> shown;  // what Google Benchmark makes of repetitions is not: the table says it
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration) continue;
    shown.push_back(run);
    if (!run.error_occurred)
      take(run);
    else if (!run.error_message.starts_with(no_kernel))
      ++failures_;
  }
  ConsoleReporter::ReportRuns(shown);
}

void Comparison::take(const Run& run) {
  const auto parts = split(run.run_name.function_name);
  if (parts.size() != 7) return;
  const std::string kernel = fmt::format("{}/{}/{}", parts[1], parts[4], parts[5]);
  if (!kernels_.contains(kernel)) order_.push_back(kernel);
  kernels_[kernel][parts[2]][parts[6]].add(run.counters.at("least_ms"), run.counters.at("median_ms"));
}

void Comparison::print_kernel(const std::string& kernel, const Contestants& contestants) {
  std::map<std::string, Best> bests;
  std::vector<std::string> peers;
  for (const auto& [backend, by_threads] : contestants) {
    bests[backend] = best_of(by_threads);
    if (backend.starts_with("onednn_")) peers.push_back(backend);
  }
  std::ostream& out = GetOutputStream();
  out << fmt::format("\n{}\n{:<18}{:>10}{:>4}{:>11}{:>4}", kernel, "", "least ms", "on", "median ms", "on");
  for (const std::string& peer : peers) out << fmt::format("{:>26}", peer + " / this");
  out << '\n';
  for (const auto& [backend, best] : bests) {
    out << fmt::format("  {:<16}{:>10.4f}{:>4}{:>11.4f}{:>4}", backend, best.least_ms, best.least_on,
                       best.median_ms, best.median_on);
    for (const std::string& peer : peers)
      out << fmt::format("{:>14.2f}, median {:.2f}", bests[peer].least_ms / best.least_ms,
                         bests[peer].median_ms / best.median_ms);
    out << '\n';
  }
}

void Comparison::Finalize() {
  ConsoleReporter::Finalize();
  for (const std::string& kernel : order_) print_kernel(kernel, kernels_.at(kernel));
  GetOutputStream() << std::flush;
}

}  // namespace sinter::bench
