#include "ir/printable.h"

#include <algorithm>
#include <cstdint>

namespace sinter {

size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f ? 1 : 0;
  const size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return 0;
  uint32_t code = byte(0) & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  const bool control = code < 0xa0;
  const bool no_character = (code & 0xfffe) == 0xfffe;
  const bool known = code >= least[length] && code < 0x110000;
  return known && !surrogate && !control && !no_character ? length : 0;
}

std::string printable(std::string_view text) {
  constexpr size_t longest_line = 1000;
  std::string result;
  size_t line_begin = 0;
  bool cut = false;
  while (!text.empty()) {
    const size_t length = text[0] == '\n' || text[0] == '\t' ? 1 : character_length(text);
    const std::string_view character = length > 0 ? text.substr(0, length) : "?";
    text.remove_prefix(std::max<size_t>(length, 1));
    const bool new_line = character == "\n";
    if (new_line || result.size() - line_begin < longest_line) {
      result += character;
    } else if (!cut) {
      result += "...";
      cut = true;
    }
    if (!new_line) continue;
    line_begin = result.size();
    cut = false;
  }
  return result;
}

}  // namespace sinter
