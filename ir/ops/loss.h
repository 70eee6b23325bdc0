#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_softmax(const Inference&);
std::vector<Type> infer_cross_entropy(const Inference&);
std::vector<Type> infer_cross_entropy_backward(const Inference&);
std::vector<Type> infer_mse(const Inference&);
OperandGradients softmax_gradient(const Differentiation&);
OperandGradients log_softmax_gradient(const Differentiation&);
OperandGradients cross_entropy_gradient(const Differentiation&);
OperandGradients mse_gradient(const Differentiation&);
/// A unit is one slice along the axis.
int64_t softmax_units(const Evaluation&);
/// Rows where each has a result of its own, one unit where they are added up.
int64_t loss_units(const Evaluation&);
/// A unit is one row of the result.
int64_t row_units(const Evaluation&);
void evaluate_softmax(const Evaluation&, int64_t begin, int64_t end);
void evaluate_log_softmax(const Evaluation&, int64_t begin, int64_t end);
void evaluate_cross_entropy(const Evaluation&, int64_t begin, int64_t end);
void evaluate_cross_entropy_backward(const Evaluation&, int64_t begin, int64_t end);
void evaluate_mse(const Evaluation&, int64_t begin, int64_t end);
/// Maximum, subtraction, exponential, sum and division for each element.
double softmax_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
