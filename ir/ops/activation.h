#pragma once

#include "ir/op_table.h"

/// Activations beyond those of elementwise.h.
namespace sinter::ops {

std::vector<Type> infer_prelu(const Inference&);
std::vector<Type> infer_clip(const Inference&);

OperandGradients erf_gradient(const Differentiation&);
OperandGradients elu_gradient(const Differentiation&);
OperandGradients selu_gradient(const Differentiation&);
OperandGradients gelu_gradient(const Differentiation&);
OperandGradients silu_gradient(const Differentiation&);
OperandGradients hard_sigmoid_gradient(const Differentiation&);
OperandGradients hard_swish_gradient(const Differentiation&);
OperandGradients softplus_gradient(const Differentiation&);
OperandGradients clip_gradient(const Differentiation&);
OperandGradients prelu_gradient(const Differentiation&);

void evaluate_erf(const Evaluation&, int64_t begin, int64_t end);
void evaluate_elu(const Evaluation&, int64_t begin, int64_t end);
void evaluate_selu(const Evaluation&, int64_t begin, int64_t end);
void evaluate_gelu(const Evaluation&, int64_t begin, int64_t end);
void evaluate_silu(const Evaluation&, int64_t begin, int64_t end);
void evaluate_hard_sigmoid(const Evaluation&, int64_t begin, int64_t end);
void evaluate_hard_swish(const Evaluation&, int64_t begin, int64_t end);
void evaluate_softplus(const Evaluation&, int64_t begin, int64_t end);
void evaluate_clip(const Evaluation&, int64_t begin, int64_t end);
void evaluate_prelu(const Evaluation&, int64_t begin, int64_t end);

/// Where elu and selu fold their line: Klambauer et al., equations 14.
inline constexpr double selu_alpha = 1.6732632423543772, selu_scale = 1.0507009873554805;

}  // namespace sinter::ops
