#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_flatten(const Inference&);
std::vector<Type> infer_reshape(const Inference&);
std::vector<Type> infer_transpose(const Inference&);
std::vector<Type> infer_broadcast_to(const Inference&);
OperandGradients reshape_gradient(const Differentiation&);
OperandGradients transpose_gradient(const Differentiation&);
OperandGradients reorder_gradient(const Differentiation&);
OperandGradients broadcast_to_gradient(const Differentiation&);
void evaluate_copy(const Evaluation&, int64_t begin, int64_t end);
void evaluate_transpose(const Evaluation&, int64_t begin, int64_t end);
void evaluate_broadcast_to(const Evaluation&, int64_t begin, int64_t end);
/// Ops that only move elements.
double no_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
