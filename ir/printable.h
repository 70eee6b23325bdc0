#pragma once

#include <string>
#include <string_view>

namespace sinter {

/// The bytes of the UTF-8 character that `text`, which is not empty, begins with; 0 where it is no UTF-8, a
/// control character, or no character at all.
size_t character_length(std::string_view text);

/// Names and values come from files and command lines: control bytes would reach the terminal, as would bytes
/// that are no UTF-8. Each of them becomes a question mark; tabs and new lines stay. A line of more than 1000
/// bytes is cut off.
std::string printable(std::string_view text);

}  // namespace sinter
