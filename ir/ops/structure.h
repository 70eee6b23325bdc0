#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_fusion(const Inference&);
/// One unit: the body runs as a whole.
int64_t one_unit(const Evaluation&);
/// Interprets the body. The one evaluation that allocates: the body's values.
void evaluate_fusion(const Evaluation&, int64_t begin, int64_t end);
/// The sum over the body.
double fusion_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
