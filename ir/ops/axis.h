#pragma once

#include "ir/op_table.h"

namespace sinter::ops {

/// An axis counted from the end where negative, as one of 0 .. rank - 1. Rejects others.
size_t resolve_axis(const Inference& inference, int64_t axis, size_t rank);

/// The same where infer has accepted the axis already.
inline size_t resolved_axis(int64_t axis, size_t rank) { return axis < 0 ? axis + rank : axis; }

}  // namespace sinter::ops
