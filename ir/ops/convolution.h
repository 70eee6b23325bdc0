#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_conv2d(const Inference&);
std::vector<Type> infer_conv2d_backward_data(const Inference&);
std::vector<Type> infer_conv2d_backward_weights(const Inference&);
OperandGradients conv2d_gradient(const Differentiation&);
OperandGradients conv2d_backward_data_gradient(const Differentiation&);
OperandGradients conv2d_backward_weights_gradient(const Differentiation&);
void evaluate_conv2d(const Evaluation&, int64_t begin, int64_t end);
void evaluate_conv2d_backward_data(const Evaluation&, int64_t begin, int64_t end);
void evaluate_conv2d_backward_weights(const Evaluation&, int64_t begin, int64_t end);
double conv2d_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);
double conv2d_backward_data_flops(const Attributes&, std::span<const std::optional<Type>>,
                                  std::span<const Type>);
double conv2d_backward_weights_flops(const Attributes&, std::span<const std::optional<Type>>,
                                     std::span<const Type>);

}  // namespace sinter::ops
