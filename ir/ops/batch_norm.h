#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_batch_norm_training(const Inference&);
std::vector<Type> infer_batch_norm_backward(const Inference&);
OperandGradients batch_norm_gradient(const Differentiation&);
OperandGradients batch_norm_training_gradient(const Differentiation&);

/// A unit is one channel of the first operand: its sums are made by one thread, in one order.
int64_t channel_units(const Evaluation&);
void evaluate_batch_norm(const Evaluation&, int64_t begin, int64_t end);
void evaluate_batch_norm_training(const Evaluation&, int64_t begin, int64_t end);
void evaluate_batch_norm_backward(const Evaluation&, int64_t begin, int64_t end);

/// A subtraction, a product and a sum for each element.
double batch_norm_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);
/// Those, and the two sums with the square in the second.
double batch_norm_training_flops(const Attributes&, std::span<const std::optional<Type>>,
                                 std::span<const Type>);
/// The normalised x, two sums, and the gradient made of them.
double batch_norm_backward_flops(const Attributes&, std::span<const std::optional<Type>>,
                                 std::span<const Type>);

}  // namespace sinter::ops
