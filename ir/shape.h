#pragma once

#include <sinter/shape.hpp>
#include <span>

namespace sinter {

/// Tensors have at most this many dimensions, so that evaluation needs no heap for index arithmetic.
inline constexpr size_t max_rank = 8;

bool is_concrete(const Shape& shape);
/// The sizes of a shape without symbols (InternalError otherwise).
std::vector<int64_t> sizes(const Shape& shape);
/// Number of elements of a shape without symbols.
int64_t element_count(const Shape& shape);
/// As a real number for estimates; a symbol counts as 1.
double per_sample_count(const Shape& shape);
/// The product, refused with InputError where it would not fit a 63-bit byte count of 8-byte elements.
int64_t checked_product(std::span<const int64_t> sizes);

/// The NumPy broadcast of two shapes. Throws InputError if they do not fit.
Shape broadcast(const Shape& a, const Shape& b);
/// Whether `from` broadcasts to exactly `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

}  // namespace sinter
