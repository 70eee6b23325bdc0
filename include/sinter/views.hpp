#pragma once

#include <concepts>
#include <ranges>
#include <sinter/dtype.hpp>

namespace sinter {

/// The C++ types of elements.
template <typename T>
concept Element = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, int8_t> ||
    std::same_as<T, uint8_t> || std::same_as<T, int32_t> || std::same_as<T, int64_t> || std::same_as<T, bool>;

/// std::vector, std::span, std::array and the like, of elements.
template <typename R>
concept ElementRange =
    std::ranges::contiguous_range<R> && std::ranges::sized_range<R> && Element<std::ranges::range_value_t<R>>;

/// Elements to be read, in memory of the caller's: a std::span of any element type. It makes no copy and is
/// valid as long as that memory is.
class InputView {
 public:
  InputView() = default;
  template <ElementRange R>
  InputView(const R& elements)  // NOLINT: arguments are written as what they are
      : dtype_(dtype_of<std::ranges::range_value_t<R>>()),
        data_(std::ranges::data(elements)),
        count_(static_cast<int64_t>(std::ranges::size(elements))) {}

  DType dtype() const { return dtype_; }
  const void* data() const { return data_; }
  int64_t count() const { return count_; }  ///< elements

 private:
  DType dtype_ = DType::f32;
  const void* data_ = nullptr;
  int64_t count_ = 0;
};

/// Elements to be written, in memory of the caller's.
class OutputView {
 public:
  template <ElementRange R>
  requires(!std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>)
      OutputView(R&& elements)  // NOLINT: arguments are written as what they are
      : dtype_(dtype_of<std::ranges::range_value_t<R>>()),
        data_(std::ranges::data(elements)),
        count_(static_cast<int64_t>(std::ranges::size(elements))) {}

  DType dtype() const { return dtype_; }
  void* data() const { return data_; }
  int64_t count() const { return count_; }  ///< elements

 private:
  DType dtype_;
  void* data_;
  int64_t count_;
};

}  // namespace sinter
