#include "ir/error.h"

#include <algorithm>

#include "ir/printable.h"

namespace sinter {
namespace {

// A line of a machine-made file can be megabytes long: show the part around the column.
constexpr size_t shown_before = 60;
constexpr size_t shown_after = 40;

std::string excerpt_with_caret(const Location& location) {
  const std::string& line = location.source_line;
  const size_t column = std::min<size_t>(location.column > 0 ? location.column - 1 : 0, line.size());
  const size_t begin = column > shown_before ? column - shown_before : 0;
  const std::string shown = line.substr(begin, column - begin + shown_after);
  std::string indent;
  for (size_t i = 0; i < column - begin; ++i) indent += shown[i] == '\t' ? '\t' : ' ';
  const std::string number = std::to_string(location.line);
  return fmt::format("\n  {} | {}\n  {} | {}^", number, shown, std::string(number.size(), ' '), indent);
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
