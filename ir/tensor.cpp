#include "ir/tensor.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "ir/amounts.h"

namespace sinter {
namespace {

constexpr size_t cache_line = 64;
constexpr size_t huge_page = size_t{2} << 20;

// Kernels walk down columns of large matrices and across many channels: with small pages each step is another
// page, and looking that up takes longer than the arithmetic. The kernel may decline; it asks only for what
// fills such pages.
void prefer_huge_pages(void* memory, size_t bytes) {
#ifdef MADV_HUGEPAGE
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
}

}  // namespace

std::shared_ptr<std::byte> allocate_aligned(int64_t bytes) {
  const bool large = bytes >= static_cast<int64_t>(2 * huge_page);
  const size_t alignment = large ? huge_page : cache_line;
  const size_t rounded = (std::max<size_t>(bytes, 1) + cache_line - 1) / cache_line * cache_line;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, rounded) != 0)
    fail("out of memory: {} could not be had", byte_size(static_cast<int64_t>(rounded)));
  if (large) prefer_huge_pages(memory, rounded);
  return {static_cast<std::byte*>(memory), [](std::byte* p) { std::free(p); }};
}

Tensor::Tensor(DType dtype, std::vector<int64_t> shape) : dtype_(dtype), shape_(std::move(shape)) {
  if (shape_.size() > max_rank)
    fail_input("a tensor of {} dimensions; at most {} are supported", shape_.size(), max_rank);
  count_ = checked_product(shape_);
  storage_ = allocate_aligned(bytes());
  std::memset(storage_.get(), 0, bytes());
}

Tensor Tensor::scalar(DType dtype, double value) {
  Tensor tensor(dtype, {});
  tensor.set(0, value);
  return tensor;
}

double Tensor::at(int64_t index) const {
  require(index >= 0 && index < count_, "element index within the tensor");
  return dispatch_numeric(dtype_, [&]<typename T>() { return static_cast<double>(values<T>()[index]); });
}

void Tensor::set(int64_t index, double value) {
  require(index >= 0 && index < count_, "element index within the tensor");
  dispatch_numeric(dtype_, [&]<typename T>() { values<T>()[index] = static_cast<T>(value); });
}

Tensor Tensor::clone() const {
  Tensor copy(dtype_, shape_);
  std::memcpy(copy.data(), data(), bytes());
  return copy;
}

Tensor Tensor::reshaped(std::vector<int64_t> shape) const {
  Tensor result = *this;
  require(checked_product(shape) == count_, "reshape keeps the number of elements");
  result.shape_ = std::move(shape);
  return result;
}

Tensor Tensor::cast(DType dtype) const {
  Tensor result(dtype, shape_);
  dispatch_numeric(dtype_, [&]<typename From>() {
    dispatch_numeric(dtype, [&]<typename To>() {
      const auto from = values<From>();
      const auto to = result.values<To>();
      for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<To>(from[i]);
    });
  });
  return result;
}

bool Tensor::operator==(const Tensor& other) const {
  if (dtype_ != other.dtype_ || shape_ != other.shape_ || defined() != other.defined()) return false;
  return !defined() || std::memcmp(data(), other.data(), bytes()) == 0;
}

}  // namespace sinter
