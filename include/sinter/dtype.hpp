#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

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

/// The element type whose C++ type is T.
template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>)
    return DType::f32;
  else if constexpr (std::is_same_v<T, double>)
    return DType::f64;
  else if constexpr (std::is_same_v<T, int8_t>)
    return DType::i8;
  else if constexpr (std::is_same_v<T, uint8_t>)
    return DType::u8;
  else if constexpr (std::is_same_v<T, int32_t>)
    return DType::i32;
  else if constexpr (std::is_same_v<T, int64_t>)
    return DType::i64;
  else if constexpr (std::is_same_v<T, bool>)
    return DType::boolean;
  else
    static_assert(sizeof(T) == 0, "no element type");
}

}  // namespace sinter
