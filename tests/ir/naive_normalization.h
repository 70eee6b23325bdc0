#pragma once

#include "tests/ir/naive_ops.h"

namespace sinter {

/// Straight from the formulas of the op table.
void naive_batch_norm(const Attributes&, const std::vector<Array>& x, std::vector<Array>& y);
void naive_batch_norm_training(const Attributes&, const std::vector<Array>& x, std::vector<Array>& y);
void naive_batch_norm_backward(const Attributes&, const std::vector<Array>& x, std::vector<Array>& y);

}  // namespace sinter
