#include "passes/gradient_clipping.h"

#include <algorithm>

#include "ir/build.h"

namespace sinter {
namespace {

constexpr double least_norm = 1e-6;  // PyTorch's: gradients of 0 stay 0

Value as(Value scalar, DType dtype) { return scalar.dtype() == dtype ? scalar : cast(scalar, dtype); }

Value within(Value x, double bound) {
  const Value high = x.graph().scalar(x.dtype(), bound), low = x.graph().scalar(x.dtype(), -bound);
  return minimum(maximum(x, low), high);
}

// What all gradients are multiplied by: 1 where their norm is small enough.
Value factor(const std::vector<Value>& gradients, double norm) {
  OptionalValue total;
  for (const Value gradient : gradients) {
    const Value squares = sum(gradient * gradient);
    total = total ? *total + as(squares, total->dtype()) : squares;
  }
  const Value most = total->graph().scalar(total->dtype(), norm);
  const Value shrink = most / (sqrt(*total) + least_norm);
  return minimum(shrink, shrink.graph().scalar(shrink.dtype(), 1));
}

}  // namespace

void clip_gradients(std::vector<Value>& gradients, const GradientClipping& options) {
  if (gradients.empty()) return;
  gradients.front().graph().at({.node = "clipping"});
  if (options.value > 0)
    for (Value& gradient : gradients) gradient = within(gradient, options.value);
  if (options.norm == 0) return;
  const Value scale = factor(gradients, options.norm);
  for (Value& gradient : gradients) gradient = gradient * as(scale, gradient.dtype());
}

}  // namespace sinter
