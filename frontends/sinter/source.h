#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"

namespace sinter::language {

/// A model's text with its lines. Places are byte offsets into text(); a UTF-8 byte order mark at the start
/// is not part of it. Neither text nor file is copied: they outlive the source.
class Source {
 public:
  /// Throws InputError for a line of more than 10000 bytes: no one wrote it, and every error would carry it.
  Source(std::string_view text, std::string_view file);

  std::string_view text() const { return text_; }
  /// The place as line, column and source line, for the layer `node`.
  Location at(size_t place, std::string_view node = {}) const;
  /// Throws InputError at a place; notes are lines below the caret.
  [[noreturn]] void fail(size_t place, std::string_view message, std::string_view notes = {}) const;

 private:
  std::string_view text_;
  std::string_view file_;
  std::vector<size_t> line_starts_;
};

}  // namespace sinter::language
