#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_sgd_update(const Inference&);
void evaluate_sgd_update(const Evaluation&, int64_t begin, int64_t end);
/// Weight decay, momentum and step: two FLOPs each for each parameter.
double sgd_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
