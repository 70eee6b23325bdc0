#pragma once

#include "passes/pass.h"

namespace sinter {

/// Lays out anew the body of a loop for what is left over of the batch: one sample in vectors that hold
/// sixteen takes as long as sixteen, and the target may know better. Nothing changes where a value that goes
/// into the loop or out of it is not plain, and so could not lie otherwise for the remainder, or without a
/// target.
void lay_out_remainder(Graph& body, const PassOptions& options);

}  // namespace sinter
