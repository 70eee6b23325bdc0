#pragma once

#include <vector>

#include "ir/value.h"
#include "passes/pass.h"

namespace sinter {

/// Puts limits on gradients, as nodes before the update: first each element within -options.value..value,
/// then all of them together, multiplied by one factor, to a norm of at most options.norm. The sum of the
/// squares is made parameter by parameter and then over parameters in their order, so that it has the same
/// bits for any number of threads.
/// Source: PyTorch torch.nn.utils.clip_grad_value_ and clip_grad_norm_; Pascanu et al., ICML 2013.
void clip_gradients(std::vector<Value>& gradients, const GradientClipping& options);

}  // namespace sinter
