#pragma once

#include <concepts>
#include <cstdint>
#include <sinter/visibility.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sinter {

/// One dimension: a number of elements, or a symbol such as `N` that is bound before compilation.
struct Dim {
  int64_t size = 0;
  std::string symbol = {};

  template <std::integral T>
  Dim(T size) : size(static_cast<int64_t>(size)) {}                 // NOLINT: shapes read as {1, 2, 3}
  Dim(std::string symbol) : size(-1), symbol(std::move(symbol)) {}  // NOLINT
  Dim(const char* symbol) : size(-1), symbol(symbol) {}             // NOLINT

  bool is_symbol() const { return !symbol.empty(); }
  bool operator==(const Dim&) const = default;
};

/// Dimensions from the outermost in; empty is a scalar.
using Shape = std::vector<Dim>;

/// `[N, 1, 28, 28]`
SINTER_API std::string to_string(const Shape& shape);
SINTER_API std::string to_string(const Dim& dim);

}  // namespace sinter
