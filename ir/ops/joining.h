#pragma once

#include "ir/op_table.h"

/// concat and slice, which is its gradient, and the gradient of slice.
namespace sinter::ops {

std::vector<Type> infer_concat(const Inference&);
std::vector<Type> infer_slice(const Inference&);
std::vector<Type> infer_slice_backward(const Inference&);
OperandGradients concat_gradient(const Differentiation&);
OperandGradients slice_gradient(const Differentiation&);
OperandGradients slice_backward_gradient(const Differentiation&);
void evaluate_concat(const Evaluation&, int64_t begin, int64_t end);
void evaluate_slice(const Evaluation&, int64_t begin, int64_t end);
void evaluate_slice_backward(const Evaluation&, int64_t begin, int64_t end);
/// The runs of memory that dimensions before the axis tell apart.
int64_t outer_units(const Evaluation&);

}  // namespace sinter::ops
