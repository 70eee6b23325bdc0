#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

constexpr int64_t elements_per_unit = 4096;

std::vector<Type> infer_same_as_x(const Inference&);
std::vector<Type> infer_broadcast(const Inference&);
std::vector<Type> infer_compare(const Inference&);
std::vector<Type> infer_select(const Inference&);
std::vector<Type> infer_cast(const Inference&);
std::vector<Type> infer_is_finite(const Inference&);

OperandGradients relu_gradient(const Differentiation&);
OperandGradients sigmoid_gradient(const Differentiation&);
OperandGradients tanh_gradient(const Differentiation&);
OperandGradients leaky_relu_gradient(const Differentiation&);
OperandGradients exp_gradient(const Differentiation&);
OperandGradients log_gradient(const Differentiation&);
OperandGradients sqrt_gradient(const Differentiation&);
OperandGradients add_gradient(const Differentiation&);
OperandGradients sub_gradient(const Differentiation&);
OperandGradients mul_gradient(const Differentiation&);
OperandGradients div_gradient(const Differentiation&);
OperandGradients maximum_gradient(const Differentiation&);
OperandGradients minimum_gradient(const Differentiation&);
OperandGradients pow_gradient(const Differentiation&);
OperandGradients select_gradient(const Differentiation&);
OperandGradients cast_gradient(const Differentiation&);

/// A unit is a run of elements_per_unit elements of the first result.
int64_t element_units(const Evaluation&);
void evaluate_relu(const Evaluation&, int64_t begin, int64_t end);
void evaluate_sigmoid(const Evaluation&, int64_t begin, int64_t end);
void evaluate_tanh(const Evaluation&, int64_t begin, int64_t end);
void evaluate_leaky_relu(const Evaluation&, int64_t begin, int64_t end);
void evaluate_exp(const Evaluation&, int64_t begin, int64_t end);
void evaluate_log(const Evaluation&, int64_t begin, int64_t end);
void evaluate_sqrt(const Evaluation&, int64_t begin, int64_t end);
void evaluate_add(const Evaluation&, int64_t begin, int64_t end);
void evaluate_sub(const Evaluation&, int64_t begin, int64_t end);
void evaluate_mul(const Evaluation&, int64_t begin, int64_t end);
void evaluate_div(const Evaluation&, int64_t begin, int64_t end);
void evaluate_maximum(const Evaluation&, int64_t begin, int64_t end);
void evaluate_minimum(const Evaluation&, int64_t begin, int64_t end);
void evaluate_pow(const Evaluation&, int64_t begin, int64_t end);
void evaluate_compare(const Evaluation&, int64_t begin, int64_t end);
void evaluate_select(const Evaluation&, int64_t begin, int64_t end);
void evaluate_cast(const Evaluation&, int64_t begin, int64_t end);
void evaluate_is_finite(const Evaluation&, int64_t begin, int64_t end);

/// One FLOP for each element of the result.
double element_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
