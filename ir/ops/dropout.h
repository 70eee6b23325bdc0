#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_dropout_mask(const Inference&);
OperandGradients dropout_gradient(const Differentiation&);
/// One unit for each sample.
int64_t sample_units(const Evaluation&);
void evaluate_dropout_mask(const Evaluation&, int64_t begin, int64_t end);

}  // namespace sinter::ops
