#include "runtime/data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "ir/philox.h"

namespace sinter {
namespace {

constexpr int side = 28;  // pixels
constexpr int pixel_count = side * side;
constexpr float pi = std::numbers::pi_v<float>;

// A glyph lives in x -0.6 to 0.6 and y -1 (top) to 1; angles are degrees, clockwise from the right.
struct Stroke {
  enum Kind { none, line, arc } kind = none;
  float a = 0, b = 0, c = 0, d = 0;  // line: from (a, b) to (c, d); arc: centre (a, b), radii c and d
  float from = 0, to = 0;            // arc
};
using Glyph = std::array<Stroke, 3>;

constexpr Stroke line(float x0, float y0, float x1, float y1) { return {Stroke::line, x0, y0, x1, y1}; }
constexpr Stroke arc(float x, float y, float rx, float ry, float from = 0, float to = 360) {
  return {Stroke::arc, x, y, rx, ry, from, to};
}

constexpr std::array<Glyph, 10> glyphs = {{
    {arc(0, 0, .6f, 1)},
    {line(-.35f, -.6f, .05f, -1), line(.05f, -1, .05f, 1)},
    {arc(0, -.5f, .55f, .5f, -175, 40), line(.42f, -.18f, -.55f, 1), line(-.55f, 1, .6f, 1)},
    {arc(0, -.5f, .5f, .5f, -160, 90), arc(0, .5f, .58f, .5f, -90, 160)},
    {line(.25f, -1, -.6f, .3f), line(-.6f, .3f, .65f, .3f), line(.25f, -1, .25f, 1)},
    {line(.5f, -1, -.4f, -1), line(-.4f, -1, -.45f, 0), arc(0, .4f, .58f, .6f, -140, 150)},
    {arc(0, .4f, .55f, .6f), arc(.55f, .4f, 1.1f, 1.4f, 180, 255)},
    {line(-.55f, -1, .55f, -1), line(.55f, -1, -.15f, 1)},
    {arc(0, -.5f, .45f, .5f), arc(0, .5f, .57f, .5f)},
    {arc(0, -.4f, .55f, .6f), arc(-.55f, -.4f, 1.1f, 1.4f, 0, 75)},
}};

struct Point {
  float x = 0, y = 0;
};

Point point_on(const Stroke& stroke, float t) {
  if (stroke.kind == Stroke::line)
    return {stroke.a + t * (stroke.c - stroke.a), stroke.b + t * (stroke.d - stroke.b)};
  const float angle = (stroke.from + t * (stroke.to - stroke.from)) * (pi / 180);
  return {stroke.a + stroke.c * std::cos(angle), stroke.b + stroke.d * std::sin(angle)};
}

// From a glyph's box to pixels: a gentle wave, then an affine map.
class Warp {
 public:
  explicit Warp(Random& random)
      : wave_{random.uniform(-.12f, .12f), random.uniform(-.12f, .12f)},
        phase_{random.uniform(0, 2 * pi), random.uniform(0, 2 * pi)} {
    const float angle = random.uniform(-.3f, .3f), shear = random.uniform(-.3f, .3f);
    const float height = random.uniform(6.5f, 10.5f), width = height * random.uniform(.8f, 1.3f);
    const float cosine = std::cos(angle), sine = std::sin(angle);
    xx_ = width * cosine;
    xy_ = height * (shear * cosine - sine);
    yx_ = width * sine;
    yy_ = height * (shear * sine + cosine);
    shift_ = {side / 2.f + random.uniform(-2.f, 2.f), side / 2.f + random.uniform(-2.f, 2.f)};
  }

  Point operator()(Point p) const {
    const Point bent = {p.x + wave_.x * std::sin(3 * p.y + phase_.x),
                        p.y + wave_.y * std::sin(3 * p.x + phase_.y)};
    return {shift_.x + xx_ * bent.x + xy_ * bent.y, shift_.y + yx_ * bent.x + yy_ * bent.y};
  }

 private:
  Point wave_, phase_, shift_;
  float xx_ = 0, xy_ = 0, yx_ = 0, yy_ = 0;
};

struct Pen {
  float radius = 0;      // pixels
  float brightness = 0;  // 0 to 1
};

class Canvas {
 public:
  // A round-ended line with soft edges; where lines cross, the brighter one shows.
  void draw(Point from, Point to, const Pen& pen) {
    const float reach = pen.radius + .5f;
    const int left = first(std::min(from.x, to.x) - reach), right = last(std::max(from.x, to.x) + reach);
    const int top = first(std::min(from.y, to.y) - reach), bottom = last(std::max(from.y, to.y) + reach);
    const float dx = to.x - from.x, dy = to.y - from.y;
    const float inverse = 1 / std::max(dx * dx + dy * dy, 1e-6f);
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x) {
        const float px = static_cast<float>(x) + .5f - from.x, py = static_cast<float>(y) + .5f - from.y;
        const float t = std::clamp((px * dx + py * dy) * inverse, 0.f, 1.f);
        const float ex = px - t * dx, ey = py - t * dy;
        const float coverage = std::min(reach - std::sqrt(ex * ex + ey * ey), 1.f);
        float& ink = ink_[y * side + x];
        ink = std::max(ink, pen.brightness * coverage);
      }
  }

  // Ink over a background that slopes, and noise over both.
  void expose(Random& random, std::span<uint8_t> pixels) const {
    const float level = random.uniform(0, .15f), noise = random.uniform(.02f, .12f);
    const float slope_x = random.uniform(-.15f, .15f) / side, slope_y = random.uniform(-.15f, .15f) / side;
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x) {
        const float background = level + slope_x * static_cast<float>(x) + slope_y * static_cast<float>(y);
        const float light =
            background + ink_[y * side + x] * (1 - level) + noise * about_normal(random.word());
        pixels[y * side + x] = static_cast<uint8_t>(std::clamp(light, 0.f, 1.f) * 255 + .5f);
      }
  }

 private:
  static int first(float edge) { return std::clamp(static_cast<int>(std::floor(edge)), 0, side); }
  static int last(float edge) { return std::clamp(static_cast<int>(std::ceil(edge)), 0, side); }

  // The sum of a word's four bytes, centred and scaled: mean 0, standard deviation 1, a tenth of Box-Muller's
  // time.
  static float about_normal(uint32_t word) {
    const uint32_t sum = (word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24);
    return (static_cast<float>(sum) - 510) * (1 / 147.8f);
  }

  std::array<float, pixel_count> ink_ = {};
};

void draw_glyph(Canvas& canvas, const Glyph& glyph, const Warp& warp, const Pen& pen) {
  constexpr int pieces_of_line = 4;
  constexpr float degrees_of_piece = 24;
  for (const Stroke& stroke : glyph) {
    if (stroke.kind == Stroke::none) continue;
    const int pieces = stroke.kind == Stroke::line
                           ? pieces_of_line
                           : static_cast<int>(std::ceil((stroke.to - stroke.from) / degrees_of_piece));
    Point from = warp(point_on(stroke, 0));
    for (int i = 1; i <= pieces; ++i) {
      const Point to = warp(point_on(stroke, static_cast<float>(i) / static_cast<float>(pieces)));
      canvas.draw(from, to, pen);
      from = to;
    }
  }
}

void draw_stray_stroke(Canvas& canvas, Random& random, float brightness) {
  const Point from = {random.uniform(0, side), random.uniform(0, side)};
  const float angle = random.uniform(0, 2 * pi), length = random.uniform(3, 10);
  const Point to = {from.x + length * std::cos(angle), from.y + length * std::sin(angle)};
  canvas.draw(from, to, {random.uniform(.4f, 1.1f), brightness * random.uniform(.4f, .9f)});
}

void draw_picture(Random random, const Glyph& glyph, std::span<uint8_t> pixels) {
  Canvas canvas;
  const Warp warp(random);
  const Pen pen = {random.uniform(.6f, 1.8f), random.uniform(.5f, 1)};
  draw_glyph(canvas, glyph, warp, pen);
  for (uint64_t strays = random.uniform_int(4); strays > 0; --strays)
    draw_stray_stroke(canvas, random, pen.brightness);
  canvas.expose(random, pixels);
}

}  // namespace

Examples draw_glyphs(const GlyphOptions& options) {
  Examples examples{.count = options.count, .channels = 1, .height = side, .width = side};
  examples.pixels.resize(options.count * pixel_count);
  examples.labels.resize(options.count);
  const uint64_t stream = stream_id(options.split);
  for (int64_t i = 0; i < options.count; ++i) {
    const auto label = static_cast<uint8_t>(i % static_cast<int64_t>(glyphs.size()));
    examples.labels[i] = label;
    draw_picture(Random(options.seed, stream, 0, static_cast<uint64_t>(i)), glyphs[label],
                 std::span(examples.pixels).subspan(i * pixel_count, pixel_count));
  }
  return examples;
}

}  // namespace sinter
