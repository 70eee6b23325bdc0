#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_linear(const Inference&);
std::vector<Type> infer_matmul(const Inference&);
OperandGradients linear_gradient(const Differentiation&);
OperandGradients matmul_gradient(const Differentiation&);
void evaluate_linear(const Evaluation&, int64_t begin, int64_t end);
void evaluate_matmul(const Evaluation&, int64_t begin, int64_t end);
double linear_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);
double matmul_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
