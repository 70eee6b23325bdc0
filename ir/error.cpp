#include "ir/error.h"

#include <algorithm>

namespace sinter {
namespace {

// A line of a machine-made file can be megabytes long: show the part around the column.
constexpr size_t shown_before = 60;
constexpr size_t shown_after = 40;

std::string excerpt_with_caret(const Location& location) {
  const std::string& line = location.source_line;
  const size_t column = std::min<size_t>(location.column > 0 ? location.column - 1 : 0, line.size());
  const size_t begin = column > shown_before ? column - shown_before : 0;
  std::string shown = line.substr(begin, column - begin + shown_after);
  std::string indent;
  for (size_t i = 0; i < shown.size(); ++i) {
    const auto c = static_cast<unsigned char>(shown[i]);
    if (c == '\t') continue;
    if (c < 0x20 || c == 0x7f) shown[i] = '?';
  }
  for (size_t i = 0; i < column - begin; ++i) indent += shown[i] == '\t' ? '\t' : ' ';
  const std::string number = std::to_string(location.line);
  return fmt::format("\n  {} | {}\n  {} | {}^", number, shown, std::string(number.size(), ' '), indent);
}

// Names and values in a message come from files: a control byte would reach the terminal, and a name of
// megabytes would bury the message.
std::string printable(std::string_view text) {
  constexpr size_t longest_line = 1000;
  std::string result;
  size_t line_begin = 0;
  for (const char c : text) {
    if (c == '\n') line_begin = result.size() + 1;
    const size_t length = result.size() - line_begin;
    if (length > longest_line && c != '\n') continue;
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
    result += length == longest_line && c != '\n' ? "..." : std::string(1, control ? '?' : c);
  }
  return result;
}

std::string render(const Location& location, std::string_view message, std::string_view notes) {
  std::string text;
  if (!location.file.empty()) text += location.file + ":";
  if (location.line > 0) text += fmt::format("{}:{}:", location.line, location.column);
  if (!text.empty()) text += ' ';
  text += message;
  if (location.line > 0) text += excerpt_with_caret(location);
  if (!notes.empty()) text += fmt::format("\n{}", notes);
  return printable(text);
}

}  // namespace

Error::Error(Location location, std::string_view message, std::string_view notes)
    : std::runtime_error(render(location, message, notes)),
      location_(std::move(location)),
      message_(message),
      notes_(notes) {}

InternalError::InternalError(std::string_view message, const std::source_location& place)
    : std::logic_error(fmt::format("internal error at {}:{}: {}", place.file_name(), place.line(), message)) {
}

void require(bool condition, std::string_view message, const std::source_location& place) {
  if (!condition) throw InternalError(message, place);
}

}  // namespace sinter
