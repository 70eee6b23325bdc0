#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace sinter::cli {
namespace {

constexpr int bar_width = 24;
constexpr double seconds_between_frames = 0.1;

std::string bar(double share) {
  const int filled = static_cast<int>(std::lround(share * bar_width));
  std::string text;
  for (int i = 0; i < bar_width; ++i) text += i < filled ? "█" : "░";
  return text;
}

}  // namespace

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

ProgressLine::ProgressLine(int64_t epochs, bool quiet)
    : epochs_(epochs), shown_(!quiet && isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const Progress& progress) {
  const bool last = progress.images == progress.images_total;
  const bool due =
      progress.epoch != last_epoch_ || progress.seconds - last_drawn_ > seconds_between_frames || last;
  if (!shown_ || !due) return;
  last_epoch_ = progress.epoch;
  last_drawn_ = progress.seconds;
  const double share = static_cast<double>(progress.images) / static_cast<double>(progress.images_total);
  const double rate = static_cast<double>(progress.images) / progress.seconds;
  const double epochs_left = static_cast<double>(epochs_ - progress.epoch);
  const double left = (static_cast<double>(progress.images_total) * (1 - share + epochs_left)) / rate;
  fmt::print(stderr,
             "\r\033[Kepoch {}/{} {} {:3.0f} %  loss {:.4f}  accuracy {:.4f}  {:.0f} images/s  {} left",
             progress.epoch, epochs_, bar(share), 100 * share, progress.score.loss, progress.score.accuracy,
             rate, duration(left));
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (!shown_ || last_epoch_ == 0) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace sinter::cli
