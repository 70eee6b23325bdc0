#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

std::vector<Type> infer_slab_loop(const Inference&);
int64_t lane_units(const Evaluation&);
/// Interprets the body slab by slab. Allocates, as a fusion's evaluation does: the body's values.
void evaluate_slab_loop(const Evaluation&, int64_t begin, int64_t end);
/// The sum over the bodies of all slabs.
double slab_loop_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>);

}  // namespace sinter::ops
