#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ir/error.h"

namespace sinter {

/// Element types. `bf16`, `f16` and `i8` are stored and moved by the reference; arithmetic on them is a
/// backend's business.
enum class DType : uint8_t { f32, f64, bf16, f16, i8, u8, i32, i64, boolean };

inline constexpr std::array<std::string_view, 9> dtype_names = {"f32", "f64", "bf16", "f16", "i8",
                                                                "u8",  "i32", "i64",  "bool"};

constexpr std::string_view to_string(DType type) { return dtype_names[static_cast<size_t>(type)]; }

constexpr std::optional<DType> parse_dtype(std::string_view name) {
  for (size_t i = 0; i < dtype_names.size(); ++i)
    if (dtype_names[i] == name) return static_cast<DType>(i);
  return std::nullopt;
}

/// Bytes of one element.
constexpr int64_t size_of(DType type) {
  constexpr std::array<int64_t, 9> sizes = {4, 8, 2, 2, 1, 1, 4, 8, 1};
  return sizes[static_cast<size_t>(type)];
}

constexpr bool is_floating(DType type) {
  return type == DType::f32 || type == DType::f64 || type == DType::bf16 || type == DType::f16;
}

constexpr bool is_integer(DType type) {
  return type == DType::i8 || type == DType::u8 || type == DType::i32 || type == DType::i64;
}

/// Whether the reference computes in this type; the half types it only stores.
constexpr bool has_reference_arithmetic(DType type) { return type != DType::bf16 && type != DType::f16; }

/// Calls f.template operator()<T>() with the C++ type that the reference computes `type` in.
template <typename F>
decltype(auto) dispatch_floating(DType type, F&& f) {
  switch (type) {
    case DType::f32:
      return f.template operator()<float>();
    case DType::f64:
      return f.template operator()<double>();
    default:
      throw InternalError("no reference arithmetic for this element type", std::source_location::current());
  }
}

/// As dispatch_floating, over every type the reference computes in.
template <typename F>
decltype(auto) dispatch_numeric(DType type, F&& f) {
  switch (type) {
    case DType::i8:
      return f.template operator()<int8_t>();
    case DType::u8:
      return f.template operator()<uint8_t>();
    case DType::i32:
      return f.template operator()<int32_t>();
    case DType::i64:
      return f.template operator()<int64_t>();
    case DType::boolean:
      return f.template operator()<bool>();
    default:
      return dispatch_floating(type, std::forward<F>(f));
  }
}

}  // namespace sinter
