#pragma once

#include <sinter/views.hpp>
#include <string_view>

#include "ir/tensor.h"

namespace sinter {

/// What is copied, for messages: `input "image"`.
struct Copied {
  std::string_view kind, name;
};

/// Copies between the caller's memory and a tensor, which allocate nothing. Throw InputError where number or
/// type of elements differ: what was found and what the tensor has.
void copy_elements(const InputView& from, Tensor& to, const Copied& what);
void copy_elements(const Tensor& from, const OutputView& to, const Copied& what);

/// Throws as the copy would.
void check_elements(DType dtype, int64_t count, const Tensor& tensor, const Copied& what);

}  // namespace sinter
