#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_max_pool2d(const Inference&);
std::vector<Type> infer_max_pool2d_argmax(const Inference&);
std::vector<Type> infer_max_pool2d_backward(const Inference&);
std::vector<Type> infer_avg_pool2d(const Inference&);
std::vector<Type> infer_avg_pool2d_backward(const Inference&);
std::vector<Type> infer_global_avg_pool2d(const Inference&);
OperandGradients max_pool2d_argmax_gradient(const Differentiation&);
OperandGradients avg_pool2d_gradient(const Differentiation&);
OperandGradients avg_pool2d_backward_gradient(const Differentiation&);
OperandGradients global_avg_pool2d_gradient(const Differentiation&);
void evaluate_max_pool2d(const Evaluation&, int64_t begin, int64_t end);
void evaluate_max_pool2d_backward(const Evaluation&, int64_t begin, int64_t end);
void evaluate_avg_pool2d(const Evaluation&, int64_t begin, int64_t end);
void evaluate_avg_pool2d_backward(const Evaluation&, int64_t begin, int64_t end);
void evaluate_global_avg_pool2d(const Evaluation&, int64_t begin, int64_t end);
double pool_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);
double pool_backward_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
