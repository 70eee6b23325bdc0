#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

namespace sinter::cli {

/// Finite numbers with commas between them; empty where the text is anything else.
template <typename T>
std::vector<T> number_list(std::string_view text) {
  std::vector<T> values;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    T value = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, value);
    if (error != std::errc{} || stop != text.data() + end || !std::isfinite(value)) return {};
    values.push_back(value);
    at = end + 1;
  }
  return values;
}

}  // namespace sinter::cli
