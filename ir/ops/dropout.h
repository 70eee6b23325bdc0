#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_dropout_mask(const Inference&);
/// What a mask's factors are made by, from dropout_mask's attributes.
struct DropoutRule {
  uint64_t dropped;  ///< a word of the stream below this drops its element: of 2^32
  double kept;       ///< the factor of other elements; with p = 1 there are none
  uint64_t stream;
};
DropoutRule dropout_rule(const Attributes& attributes);

OperandGradients dropout_gradient(const Differentiation&);
/// One unit for each sample.
int64_t sample_units(const Evaluation&);
void evaluate_dropout_mask(const Evaluation&, int64_t begin, int64_t end);

}  // namespace sinter::ops
