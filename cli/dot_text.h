#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ir/type.h"

namespace sinter::cli {

/// Any bytes as text of an HTML-like label of Graphviz: markup characters as entities, control characters and
/// what is no UTF-8 as \xNN.
std::string dot_escaped(std::string_view text);

/// A name as a picture has room for: without the middle of a very long one, and two quotes for an empty one.
std::string short_name(std::string_view name);

/// A type in few characters: `256×6×28×28`, `i64 scalar`, `N×64×56×56 {aBcd16b}`; f32 goes without saying.
std::string short_type(const Type& type);

/// The lines of a box, from left to right and from top to bottom, as an HTML-like label.
class BoxText {
 public:
  /// Appends to the current line; `text` is escaped here.
  BoxText& bold(std::string_view text);
  BoxText& plain(std::string_view text);
  BoxText& grey(std::string_view text);
  BoxText& coloured(std::string_view text, std::string_view colour);
  /// Ends the current line.
  BoxText& end();
  /// Grey lines of their own: as many of the items, with commas between them, as a line has room for.
  BoxText& grey_list(std::span<const std::string> items);

  /// `<...>`, ready to stand after `label=`.
  std::string label() const { return "<" + text_ + ">"; }

 private:
  std::string text_;
};

}  // namespace sinter::cli
