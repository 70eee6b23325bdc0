#include "api/copy_elements.h"

#include <cstring>

namespace sinter {
namespace {

void copy(void* to, const void* from, int64_t bytes) {
  if (bytes > 0) std::memcpy(to, from, static_cast<size_t>(bytes));  // an empty span may have no memory
}

}  // namespace

void check_elements(DType dtype, int64_t count, const Tensor& tensor, const Copied& what) {
  if (dtype == tensor.dtype() && count == tensor.count()) return;
  fail_input("{} \"{}\": found {} elements of {}; expected {} of {}, as {} has", what.kind, what.name, count,
             to_string(dtype), tensor.count(), to_string(tensor.dtype()), to_string(tensor.type()));
}

void copy_elements(const InputView& from, Tensor& to, const Copied& what) {
  check_elements(from.dtype(), from.count(), to, what);
  copy(to.data(), from.data(), to.bytes());
}

void copy_elements(const Tensor& from, const OutputView& to, const Copied& what) {
  check_elements(to.dtype(), to.count(), from, what);
  copy(to.data(), from.data(), from.bytes());
}

}  // namespace sinter
