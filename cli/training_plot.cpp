#include "cli/training_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sinter::cli {
namespace {

using Anchor = SvgPicture::Anchor;

constexpr double width = 520, height = 360;
constexpr double left = 52, right = 502, top = 36, bottom = 312;
constexpr double word_size = 12;

// The styles of the book: a line, dashes, and dashes with dots.
struct Curve {
  const char* name;
  const std::vector<TrainingCurves::Value>& values;
  SvgPicture::Stroke stroke;
};

// A step of 1, 2 or 5 times a power of ten that gives about six ticks.
double tick_step(double range) {
  const double least = range / 6, power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double times : {1.0, 2.0, 5.0})
    if (times * power >= least * 0.999) return times * power;
  return 10 * power;
}

class Axes {
 public:
  Axes(double epochs, double highest)
      : epochs_(std::max(epochs, 1.0)),
        x_step_(std::max(1.0, tick_step(epochs_))),
        y_step_(tick_step(highest)) {
    highest_ = std::ceil(highest / y_step_ - 1e-9) * y_step_;
  }

  Point place(const TrainingCurves::Value& value) const {
    return {left + (right - left) * value.epoch / epochs_, bottom - (bottom - top) * value.value / highest_};
  }

  void draw(SvgPicture& picture) const {
    for (double x = 0; x <= epochs_ * 1.0001; x += x_step_) {
      const Point at = place({x, 0});
      picture.line({at.x, top}, at, grid);
      picture.text({at.x, bottom + 18}, fmt::format("{:g}", x), {word_size, Anchor::middle});
    }
    for (double y = 0; y <= highest_ * 1.0001; y += y_step_) {
      const Point at = place({0, y});
      picture.line(at, {right, at.y}, grid);
      picture.text({left - 8, at.y + 4}, fmt::format("{:.6g}", y), {word_size, Anchor::end});
    }
    picture.path(
        std::array<Point, 5>{{{left, top}, {right, top}, {right, bottom}, {left, bottom}, {left, top}}},
        {.colour = "#404040"});
    picture.text({(left + right) / 2, bottom + 38}, "epoch", {word_size, Anchor::middle});
  }

 private:
  static constexpr SvgPicture::Stroke grid = {.colour = "#d8d8d8"};

  double epochs_, x_step_, y_step_, highest_;
};

// In a row above the axes, where it hides nothing.
void draw_legend(SvgPicture& picture, std::span<const Curve> curves) {
  constexpr double sample = 30, room = 148;
  double x = left;
  for (const Curve& curve : curves) {
    picture.line({x, top - 16}, {x + sample, top - 16}, curve.stroke);
    picture.text({x + sample + 6, top - 12}, curve.name, {word_size});
    x += room;
  }
}

}  // namespace

SvgPicture training_plot(const TrainingCurves& curves) {
  const Curve drawn[] = {
      {"train loss", curves.train_loss, {.colour = "#1f77b4", .width = 2}},
      {"train accuracy", curves.train_accuracy, {.colour = "#b5179e", .width = 2, .dashes = "7 3"}},
      {"test accuracy", curves.test_accuracy, {.colour = "#2b8a3e", .width = 2, .dashes = "8 3 2 3"}},
  };
  double highest = 1;
  for (const Curve& curve : drawn)
    for (const auto& value : curve.values)
      if (std::isfinite(value.value)) highest = std::max(highest, value.value);
  const Axes axes(curves.epochs, highest);
  SvgPicture picture(width, height);
  axes.draw(picture);
  for (const Curve& curve : drawn) {
    std::vector<Point> points;
    for (const auto& value : curve.values)
      if (std::isfinite(value.value)) points.push_back(axes.place(value));
    // One epoch is a point, which as a line would not be seen.
    if (points.size() == 1) picture.box({points[0].x - 2.5, points[0].y - 2.5}, 5, 5, curve.stroke.colour);
    if (points.size() > 1) picture.path(points, curve.stroke);
  }
  draw_legend(picture, drawn);
  return picture;
}

}  // namespace sinter::cli
