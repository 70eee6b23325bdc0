#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sinter {

/// Tensors have at most this many dimensions, so that evaluation needs no heap for index arithmetic.
inline constexpr size_t max_rank = 8;

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

bool is_concrete(const Shape& shape);
/// The sizes of a shape without symbols (InternalError otherwise).
std::vector<int64_t> sizes(const Shape& shape);
/// Number of elements of a shape without symbols.
int64_t element_count(const Shape& shape);
/// As a real number for estimates; a symbol counts as 1.
double per_sample_count(const Shape& shape);
/// The product, refused with InputError where it would not fit a 63-bit byte count of 8-byte elements.
int64_t checked_product(std::span<const int64_t> sizes);

/// `[N, 1, 28, 28]`
std::string to_string(const Shape& shape);
std::string to_string(const Dim& dim);

/// The NumPy broadcast of two shapes. Throws InputError if they do not fit.
Shape broadcast(const Shape& a, const Shape& b);
/// Whether `from` broadcasts to exactly `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

}  // namespace sinter
