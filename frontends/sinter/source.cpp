#include "frontends/sinter/source.h"

#include <algorithm>

namespace sinter::language {
namespace {

constexpr size_t max_line_bytes = 10000;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

Source::Source(std::string_view text, std::string_view file) : text_(text), file_(file) {
  if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
  for (size_t start = 0; start <= text_.size();) {
    line_starts_.push_back(start);
    const size_t end = std::min(text_.find('\n', start), text_.size());
    if (end - start > max_line_bytes)
      fail(start + max_line_bytes,
           fmt::format("expected lines of at most {} bytes, found one of {}", max_line_bytes, end - start));
    start = end + 1;
  }
}

Location Source::at(size_t place, std::string_view node) const {
  const auto next = std::ranges::upper_bound(line_starts_, place);
  const size_t start = *std::prev(next);
  std::string_view line = text_.substr(start, text_.find('\n', start) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {.file = std::string(file_),
          .line = static_cast<int>(next - line_starts_.begin()),
          .column = static_cast<int>(place - start) + 1,
          .source_line = std::string(line),
          .node = std::string(node)};
}

void Source::fail(size_t place, std::string_view message, std::string_view notes) const {
  throw InputError(at(place), message, notes);
}

}  // namespace sinter::language
