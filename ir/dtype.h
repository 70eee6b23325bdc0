#pragma once

#include <sinter/dtype.hpp>

#include "ir/error.h"

namespace sinter {

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
