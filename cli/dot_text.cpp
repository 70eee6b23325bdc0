#include "cli/dot_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/printable.h"

namespace sinter::cli {
namespace {

constexpr size_t longest_name = 48;  // bytes; more would make a box as wide as the picture
constexpr size_t list_width = 34;    // bytes; about what a box's other lines have

std::string escaped_character(std::string_view character) {
  switch (character[0]) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\\':  // "\N" stands for a node's name in Graphviz
      return "&#92;&#92;";
    default:
      return std::string(character);
  }
}

}  // namespace

std::string dot_escaped(std::string_view text) {
  // SVG drops spaces at both ends of a run of text.
  if (text.starts_with(' ')) return "&#160;" + dot_escaped(text.substr(1));
  if (text.ends_with(' ')) return dot_escaped(text.substr(0, text.size() - 1)) + "&#160;";
  std::string result;
  while (!text.empty()) {
    const size_t length = character_length(text);
    if (length > 0)
      result += escaped_character(text.substr(0, length));
    else
      result += fmt::format("&#92;&#92;x{:02x}", static_cast<unsigned char>(text[0]));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

std::string short_name(std::string_view name) {
  if (name.empty()) return "\"\"";
  if (name.size() <= longest_name) return std::string(name);
  const auto begins_character = [&](size_t i) { return (name[i] & 0xc0) != 0x80; };
  size_t head = longest_name / 2, tail = name.size() - longest_name / 2;
  while (head > 0 && !begins_character(head)) --head;
  while (tail < name.size() && !begins_character(tail)) ++tail;
  return fmt::format("{}…{}", name.substr(0, head), name.substr(tail));
}

std::string short_type(const Type& type) {
  std::string shape;
  for (const Dim& dim : type.shape) shape += (shape.empty() ? "" : "×") + to_string(dim);
  if (shape.empty()) shape = "scalar";
  std::string text = type.dtype == DType::f32 ? shape : fmt::format("{} {}", to_string(type.dtype), shape);
  return type.layout.is_plain() ? text : fmt::format("{} {{{}}}", text, type.layout.tag());
}

BoxText& BoxText::bold(std::string_view text) {
  text_ += "<B>" + dot_escaped(text) + "</B>";
  return *this;
}

BoxText& BoxText::plain(std::string_view text) {
  text_ += dot_escaped(text);
  return *this;
}

BoxText& BoxText::grey(std::string_view text) { return coloured(text, "#5f5f5f"); }

BoxText& BoxText::coloured(std::string_view text, std::string_view colour) {
  text_ += fmt::format("<FONT COLOR=\"{}\">{}</FONT>", colour, dot_escaped(text));
  return *this;
}

BoxText& BoxText::end() {
  text_ += "<BR ALIGN=\"LEFT\"/>";
  return *this;
}

BoxText& BoxText::grey_list(std::span<const std::string> items) {
  std::string line;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 < items.size() ? "," : "");
    if (!line.empty() && line.size() + item.size() > list_width) {
      grey(line).end();
      line.clear();
    }
    line += (line.empty() ? "" : " ") + item;
  }
  return line.empty() ? *this : grey(line).end();
}

}  // namespace sinter::cli
