#pragma once

#include <chrono>
#include <filesystem>

#include "cli/training_plot.h"

namespace sinter::cli {

/// The picture of a training's curves, replaced whole each time it is drawn.
class PlotFile {
 public:
  /// An empty name: nothing is ever drawn. `interval`: seconds, at least, between drawings that are only due.
  /// Needs: check_picture_name().
  PlotFile(std::filesystem::path file, double interval);

  void draw(const TrainingCurves& curves);
  /// Whether it is time for another drawing: those within an epoch take at most half a percent of the time.
  bool due() const;
  /// As draw, but does not wait for the disk, as the next drawing is near. Only where it is due.
  void draw_meanwhile(const TrainingCurves& curves);

 private:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  void pause(Seconds seconds);

  std::filesystem::path file_;
  Seconds interval_;
  Clock::time_point next_ = {};
};

}  // namespace sinter::cli
