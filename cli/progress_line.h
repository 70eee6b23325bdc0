#pragma once

#include <string>

#include "cli/sparkline.h"
#include "runtime/trainer.h"

namespace sinter::cli {

/// The line that moves while an epoch runs: a bar, images/s and the time left, on a terminal; nothing
/// elsewhere.
class ProgressLine {
 public:
  /// Draws on standard error if that is a terminal and `quiet` is false.
  ProgressLine(int64_t epochs, bool quiet);

  void show(const Progress& progress);
  /// Clears the line, so that other text can take its place.
  void clear();

 private:
  int64_t epochs_;
  bool shown_;
  double last_drawn_ = -1;  ///< seconds into the epoch
  int64_t last_epoch_ = 0;
  Sparkline losses_;  ///< of all steps so far
};

/// An epoch's line in less than so many columns: bar, curve of `losses`, numbers, time left; as much of them
/// as has room.
std::string progress_text(const Progress& progress, int64_t epochs, const Sparkline& losses, int columns);

/// Four decimals, or an exponent where the number is too large for them to say anything.
std::string loss_text(double loss);

/// `  top-5 0.9981`; nothing where there are too few classes for that to say anything.
std::string top5_text(const TestScore& test);

/// "0:42", "1:02:03"
std::string duration(double seconds);

}  // namespace sinter::cli
