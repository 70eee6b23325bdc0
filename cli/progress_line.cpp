#include "cli/progress_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sinter::cli {
namespace {

constexpr int widest_bar = 24, narrowest_bar = 10;
constexpr int widest_curve = 24, narrowest_curve = 5;
constexpr double seconds_between_frames = 0.1;

int terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double share, int width) {
  const int filled = static_cast<int>(std::lround(share * width));
  std::string text;
  for (int i = 0; i < width; ++i) text += i < filled ? "█" : "░";
  return text;
}

// A line that wraps cannot be drawn over: the bar takes what the words leave, the curve of the loss what the
// bar does, and where the words leave nothing they are cut.
std::string fit(const std::string& before, double share, const Sparkline& losses, const std::string& after,
                int columns) {
  const int room = columns - 1 - static_cast<int>(before.size() + after.size());
  const int curve = std::min(room - narrowest_bar - 1, widest_curve);
  if (curve >= narrowest_curve)
    return before + bar(share, std::min(room - curve - 1, widest_bar)) + " " + losses.text(curve) + after;
  if (room >= 3) return before + bar(share, std::min(room, widest_bar)) + after;
  return (before + after).substr(0, std::max(columns - 1, 0));
}

}  // namespace

std::string loss_text(double loss) {
  if (std::isnan(loss)) return "nan";  // whatever its sign
  return std::abs(loss) < 1e6 ? fmt::format("{:.4f}", loss) : fmt::format("{:.4g}", loss);
}

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

ProgressLine::ProgressLine(int64_t epochs, bool quiet)
    : epochs_(epochs), shown_(!quiet && isatty(STDERR_FILENO) == 1) {}

std::string top5_text(const TestScore& test) {
  return test.confusion.classes() > 5 ? fmt::format("  top-5 {:.4f}", test.top5) : "";
}

void ProgressLine::show(const Progress& progress) {
  if (shown_) losses_.add(progress.step_loss);
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
  const std::string before = fmt::format("epoch {}/{} ", progress.epoch, epochs_);
  const std::string after =
      fmt::format(" {:3.0f} %  loss {}  acc {:.4f}  {:.0f} images/s  {} left", 100 * share,
                  loss_text(progress.score.loss), progress.score.accuracy, rate, duration(left));
  fmt::print(stderr, "\r\033[K{}", fit(before, share, losses_, after, terminal_columns()));
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (!shown_ || last_epoch_ == 0) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace sinter::cli
