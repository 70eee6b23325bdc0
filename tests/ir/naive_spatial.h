#pragma once

#include "tests/ir/naive_ops.h"

namespace sinter {

void naive_pad(const Attributes&, const std::vector<Array>& x, std::vector<Array>& y);
void naive_pad_backward(const Attributes&, const std::vector<Array>& x, std::vector<Array>& y);
void naive_resize(const Attributes&, const std::vector<Array>& x, std::vector<Array>& y);
void naive_resize_backward(const Attributes&, const std::vector<Array>& x, std::vector<Array>& y);

}  // namespace sinter
