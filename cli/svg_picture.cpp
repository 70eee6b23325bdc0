#include "cli/svg_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/filter_program.h"
#include "ir/error.h"
#include "ir/printable.h"
#include "runtime/files/atomic_file.h"

namespace sinter::cli {
namespace {

// Of the pixels of an SVG, so that a .png is sharp on a dense screen.
constexpr const char* png_zoom = "--zoom=2";

// Markup characters as entities, control characters and what is no UTF-8 as \\xNN.
std::string escaped(std::string_view text) {
  static constexpr std::pair<char, const char*> entities[] = {
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};
  std::string result;
  while (!text.empty()) {
    const size_t length = character_length(text);
    const auto* entity = std::ranges::find(entities, text[0], &std::pair<char, const char*>::first);
    if (entity != std::end(entities))
      result += entity->second;
    else if (length > 0)
      result += text.substr(0, length);
    else
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

std::string stroke_text(const SvgPicture::Stroke& stroke) {
  return fmt::format(R"(fill="none" stroke="{}" stroke-width="{}"{})", stroke.colour, stroke.width,
                     stroke.dashes.empty() ? "" : fmt::format(R"( stroke-dasharray="{}")", stroke.dashes));
}

// Hundredths of a pixel are nothing that can be seen.
std::string pixels(double value) {
  const std::string text = fmt::format("{:.2f}", value);
  const size_t last = text.find_last_not_of('0');
  return text.substr(0, text[last] == '.' ? last : last + 1);
}

std::string png_of(const std::string& svg, const std::filesystem::path& path) {
  return filtered({"rsvg-convert",
                   {"--format=png", png_zoom},
                   "install the package librsvg2-bin, or write the picture as FILE.svg",
                   true},
                  svg, path);
}

}  // namespace

void SvgPicture::line(Point from, Point to, const Stroke& stroke) { path(std::array{from, to}, stroke); }

void SvgPicture::path(std::span<const Point> points, const Stroke& stroke) {
  std::string places;
  for (const Point& point : points)
    places += fmt::format("{}{},{}", places.empty() ? "" : " ", pixels(point.x), pixels(point.y));
  body_ += fmt::format("<polyline points=\"{}\" {}/>\n", places, stroke_text(stroke));
}

void SvgPicture::box(Point corner, double width, double height, std::string_view fill) {
  body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", pixels(corner.x),
                       pixels(corner.y), pixels(width), pixels(height), fill);
}

void SvgPicture::text(Point at, std::string_view text, const Words& words) {
  static constexpr const char* anchors[] = {"start", "middle", "end"};
  const std::string x = pixels(at.x), y = pixels(at.y);
  body_ += fmt::format(
      R"(<text x="{}" y="{}" font-size="{}" text-anchor="{}" fill="{}"{}{}>{}</text>)", x, y, words.size,
      anchors[static_cast<size_t>(words.anchor)], words.colour, words.bold ? R"( font-weight="bold")" : "",
      words.turned == 0 ? "" : fmt::format(R"x( transform="rotate({} {} {})")x", words.turned, x, y),
      escaped(text));
  body_ += '\n';
}

std::string SvgPicture::svg() const {
  const std::string width = pixels(width_), height = pixels(height_);
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n{2}</svg>\n",
      width, height, body_);
}

void check_picture_name(const std::filesystem::path& path) {
  const auto ending = path.extension();
  if (ending != ".svg" && ending != ".png")
    fail_input("cannot draw \"{}\": expected a file name that ends in .svg or .png", path.string());
  if (ending == ".png") png_of(SvgPicture(1, 1).svg(), path);
}

void write_picture(const SvgPicture& picture, const std::filesystem::path& path, Durability durability) {
  const std::string svg = picture.svg(), content = path.extension() == ".png" ? png_of(svg, path) : svg;
  write_file(path, std::as_bytes(std::span(content)), durability);
}

}  // namespace sinter::cli
