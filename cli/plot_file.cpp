#include "cli/plot_file.h"

#include <algorithm>

namespace sinter::cli {
namespace {

// By how much the time between two drawings is longer than one of them: an SVG takes a fraction of a
// millisecond, a PNG some tens, in which no step runs.
constexpr double times_longer = 200;

}  // namespace

PlotFile::PlotFile(std::filesystem::path file, double interval)
    : file_(std::move(file)), interval_(interval) {}

bool PlotFile::due() const { return !file_.empty() && Clock::now() >= next_; }

void PlotFile::draw(const TrainingCurves& curves) {
  if (file_.empty()) return;
  write_picture(training_plot(curves), file_);
  pause(interval_);
}

void PlotFile::draw_meanwhile(const TrainingCurves& curves) {
  const auto begin = Clock::now();
  write_picture(training_plot(curves), file_, Durability::until_power_fails);
  const Seconds took = Clock::now() - begin;
  pause(std::max(interval_, times_longer * took));
}

void PlotFile::pause(Seconds seconds) {
  next_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds);
}

}  // namespace sinter::cli
