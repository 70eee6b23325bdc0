#include "cli/progress_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace sinter::cli {
namespace {

constexpr int widest_bar = 24, narrowest_bar = 8;
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

// What stands around bar and curve.
struct Words {
  std::string before, after;

  int size() const { return static_cast<int>(before.size() + after.size()); }
};

// The same in more and in fewer words.
std::array<Words, 3> words_of(const Progress& progress, int64_t epochs) {
  const double share = static_cast<double>(progress.images) / static_cast<double>(progress.images_total);
  const double rate = static_cast<double>(progress.images - progress.images_before) / progress.seconds;
  const auto epochs_left = static_cast<double>(epochs - progress.epoch);
  const std::string left =
      duration(static_cast<double>(progress.images_total) * (1 - share + epochs_left) / rate);
  const std::string before = fmt::format("epoch {}/{} ", progress.epoch, epochs);
  const std::string loss = loss_text(progress.score.loss);
  const double percent = 100 * share, accuracy = progress.score.accuracy;
  return {{{before, fmt::format(" {:3.0f} %  loss {}  acc {:.4f}  {:.0f} images/s  {} left", percent, loss,
                                accuracy, rate, left)},
           {before, fmt::format(" {:3.0f}% loss {} acc {:.4f} {:.0f} img/s {} left", percent, loss, accuracy,
                                rate, left)},
           {before, fmt::format(" {:3.0f}% loss {} acc {:.4f} {}", percent, loss, accuracy, left)}}};
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

// A line that wraps cannot be drawn over. The most words that leave room for the bar and the curve of the
// loss are taken; where the fewest do not, the curve goes, then the bar, and then the words are cut.
std::string progress_text(const Progress& progress, int64_t epochs, const Sparkline& losses, int columns) {
  const double share = static_cast<double>(progress.images) / static_cast<double>(progress.images_total);
  const auto forms = words_of(progress, epochs);
  for (const Words& words : forms) {
    const int room = columns - 1 - words.size(), curve = std::min(room - narrowest_bar - 1, widest_curve);
    if (curve >= narrowest_curve)
      return words.before + bar(share, std::min(room - curve - 1, widest_bar)) + " " + losses.text(curve) +
             words.after;
  }
  const auto& [before, after] = forms.back();
  const int room = columns - 1 - forms.back().size();
  if (room >= 3) return before + bar(share, std::min(room, widest_bar)) + after;
  return (before + after).substr(0, std::max(columns - 1, 0));
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
  fmt::print(stderr, "\r\033[K{}", progress_text(progress, epochs_, losses_, terminal_columns()));
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (!shown_ || last_epoch_ == 0) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace sinter::cli
