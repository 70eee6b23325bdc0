#pragma once

#include <vector>

#include "runtime/executable.h"
#include "runtime/explain_step.h"

namespace sinter {

/// A kernel as far as it is known before it runs, and the clocks that will tell its time.
struct DescribedKernel {
  KernelReport report;  ///< without limit and measured times
  std::vector<NodeClock*> clocks;
};

/// The nodes of an executable that was compiled by `backend` with clocks, those in loops over slabs after the
/// loop. `threads`: that will share the work.
std::vector<DescribedKernel> describe_kernels(const Executable& executable, const Backend& backend,
                                              int threads);

}  // namespace sinter
