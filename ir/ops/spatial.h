#pragma once

#include "ir/op_table.h"

/// Ops that make images of another size: padding and resampling.
namespace sinter::ops {

std::vector<Type> infer_pad(const Inference&);
std::vector<Type> infer_pad_backward(const Inference&);
OperandGradients pad_gradient(const Differentiation&);
OperandGradients pad_backward_gradient(const Differentiation&);
void evaluate_pad(const Evaluation&, int64_t begin, int64_t end);
void evaluate_pad_backward(const Evaluation&, int64_t begin, int64_t end);

std::vector<Type> infer_resize(const Inference&);
std::vector<Type> infer_resize_backward(const Inference&);
OperandGradients resize_gradient(const Differentiation&);
OperandGradients resize_backward_gradient(const Differentiation&);
void evaluate_resize(const Evaluation&, int64_t begin, int64_t end);
void evaluate_resize_backward(const Evaluation&, int64_t begin, int64_t end);
/// None of nearest, which only moves elements.
double resize_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);
double resize_backward_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
