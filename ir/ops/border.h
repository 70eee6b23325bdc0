#pragma once

#include "ir/attributes.h"

namespace sinter::ops {

/// What pad puts around a line of elements.
enum class Border : uint8_t { constant, reflect, edge };

inline Border border_of(const Attributes& a) {
  const std::string_view mode = a.word("mode");
  return mode == "reflect" ? Border::reflect : mode == "edge" ? Border::edge : Border::constant;
}

/// Where element i of a padded line comes from, of `size` elements with `before` in front of them; -1: from
/// none of them.
inline int64_t border_source(Border border, int64_t i, int64_t before, int64_t size) {
  const int64_t at = i - before;
  if (at >= 0 && at < size) return at;
  if (border == Border::constant) return -1;
  if (border == Border::edge) return at < 0 ? 0 : size - 1;
  return at < 0 ? -at : 2 * (size - 1) - at;
}

}  // namespace sinter::ops
