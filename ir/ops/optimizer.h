#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_sgd_update(const Inference&);
std::vector<Type> infer_adam_update(const Inference&);
std::vector<Type> infer_rmsprop_update(const Inference&);
void evaluate_sgd_update(const Evaluation&, int64_t begin, int64_t end);
void evaluate_adam_update(const Evaluation&, int64_t begin, int64_t end);
void evaluate_rmsprop_update(const Evaluation&, int64_t begin, int64_t end);
/// Weight decay, momentum and step: two FLOPs each for each parameter.
double sgd_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);
/// Weight decay 2, each of the two averages 3 and the square 1, the scale 3, the step 3.
double adam_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);
/// Weight decay 2, each of the two averages 3, squares and their difference 3, the step 3, momentum and
/// step 4.
double rmsprop_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
