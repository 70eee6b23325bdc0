#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/files/atomic_file.h"

namespace sinter::cli {

struct Point {
  double x = 0, y = 0;
};

/// A picture of lines, boxes and words in SVG, `width` by `height` pixels from the top left corner, on white.
class SvgPicture {
 public:
  enum class Anchor : uint8_t { start, middle, end };
  struct Stroke {
    std::string_view colour = "#000000";
    double width = 1;
    std::string_view dashes = {};  ///< such as "6 3"; empty: none
  };
  struct Words {
    double size = 11;
    Anchor anchor = Anchor::start;
    std::string_view colour = "#000000";
    double turned = 0;  ///< degrees, clockwise
    bool bold = false;
  };

  SvgPicture(double width, double height) : width_(width), height_(height) {}

  void line(Point from, Point to, const Stroke& stroke);
  void path(std::span<const Point> points, const Stroke& stroke);
  void box(Point corner, double width, double height, std::string_view fill);
  /// The text is escaped here; `at` is on its base line.
  void text(Point at, std::string_view text, const Words& words);

  std::string svg() const;

 private:
  double width_, height_;
  std::string body_;
};

/// Throws InputError unless the file's name ends in .svg or .png, and Error where a .png is wanted and the
/// program that makes one cannot run.
void check_picture_name(const std::filesystem::path& path);

/// Writes a picture, atomically, as what the file's name ends in: .svg, or .png by way of librsvg's program
/// `rsvg-convert`. Errors: as check_picture_name, and InputError where nothing can be written there.
void write_picture(const SvgPicture& picture, const std::filesystem::path& path,
                   Durability durability = Durability::power_failure);

}  // namespace sinter::cli
