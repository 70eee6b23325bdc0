#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_reduce(const Inference&);
std::vector<Type> infer_sum_to(const Inference&);
std::vector<Type> infer_argmax(const Inference&);
OperandGradients sum_gradient(const Differentiation&);
OperandGradients mean_gradient(const Differentiation&);
OperandGradients sum_to_gradient(const Differentiation&);
/// A unit is one element of the result.
int64_t result_units(const Evaluation&);
void evaluate_sum(const Evaluation&, int64_t begin, int64_t end);
void evaluate_mean(const Evaluation&, int64_t begin, int64_t end);
void evaluate_sum_to(const Evaluation&, int64_t begin, int64_t end);
void evaluate_argmax(const Evaluation&, int64_t begin, int64_t end);
/// One FLOP for each element of x.
double operand_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
