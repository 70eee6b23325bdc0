#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "ir/type.h"

namespace sinter {

/// Dense data at Sinter's border: row-major, 64-byte aligned, in shared storage. A copy shares the elements;
/// clone() does not.
class Tensor {
 public:
  Tensor() = default;
  /// Zero-filled. Throws InputError if the size overflows, Error if memory runs out.
  Tensor(DType dtype, std::vector<int64_t> shape);

  /// A tensor holding `values`, converted to T's element type.
  template <typename T>
  static Tensor of(std::vector<int64_t> shape, std::span<const T> values);
  template <typename T>
  static Tensor of(std::vector<int64_t> shape, std::initializer_list<T> values) {
    return of<T>(std::move(shape), std::span<const T>(values.begin(), values.size()));
  }
  /// A scalar of the given type.
  static Tensor scalar(DType dtype, double value);

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  Type type() const { return {dtype_, Shape(shape_.begin(), shape_.end()), {}}; }
  int64_t count() const { return count_; }
  int64_t bytes() const { return count_ * size_of(dtype_); }
  bool defined() const { return storage_ != nullptr; }

  void* data() { return storage_.get(); }
  const void* data() const { return storage_.get(); }
  /// The elements; T must be the element type's C++ type (checked).
  template <typename T>
  std::span<T> values() {
    check_type<T>();
    return {reinterpret_cast<T*>(storage_.get()), static_cast<size_t>(count_)};
  }
  template <typename T>
  std::span<const T> values() const {
    check_type<T>();
    return {reinterpret_cast<const T*>(storage_.get()), static_cast<size_t>(count_)};
  }
  /// Element `index` in row-major order as a double, whatever the element type.
  double at(int64_t index) const;
  /// Sets element `index` in row-major order, converting from double.
  void set(int64_t index, double value);

  /// A copy with storage of its own.
  Tensor clone() const;
  /// The same elements under another shape of as many elements.
  Tensor reshaped(std::vector<int64_t> shape) const;
  /// Converted element by element.
  Tensor cast(DType dtype) const;

  /// Same type and the same bits.
  bool operator==(const Tensor& other) const;

 private:
  template <typename T>
  void check_type() const;

  DType dtype_ = DType::f32;
  std::vector<int64_t> shape_;
  int64_t count_ = 0;
  std::shared_ptr<std::byte> storage_;
};

template <typename T>
void Tensor::check_type() const {
  require(dtype_ == dtype_of<std::remove_cv_t<T>>(), "tensor elements read as another type");
}

template <typename T>
Tensor Tensor::of(std::vector<int64_t> shape, std::span<const T> values) {
  Tensor tensor(dtype_of<T>(), std::move(shape));
  require(static_cast<int64_t>(values.size()) == tensor.count(), "as many values as the shape has elements");
  std::copy(values.begin(), values.end(), tensor.values<T>().begin());
  return tensor;
}

/// `bytes` of memory on a 64-byte boundary, not initialised. Throws Error if there is none.
std::shared_ptr<std::byte> allocate_aligned(int64_t bytes);

}  // namespace sinter
