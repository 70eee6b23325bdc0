#pragma once

#include <functional>
#include <vector>

#include "runtime/executable.h"
#include "runtime/explain_step.h"

namespace sinter {

/// A kernel as far as it is known before it runs, and the clocks that will tell its time.
struct DescribedKernel {
  KernelReport report;  ///< without limit and measured times
  std::vector<NodeClock*> clocks;
};

/// Threads that compute at a time: more than there are cores take turns.
int working_threads(int threads);
/// How long so many threads take for equal parts of some work, as a share of one thread's time.
double share_of_threads(int64_t parts, int threads);

/// FLOP/s that all threads reach together with vectors of so many f32 elements.
using PeakFlops = std::function<double(int vector_width)>;

/// The nodes of an executable that was compiled by `backend` with clocks, those in loops over slabs after the
/// loop. `threads`: that will share the work.
std::vector<DescribedKernel> describe_kernels(const Executable& executable, const Backend& backend,
                                              int threads, const PeakFlops& peak_flops);

}  // namespace sinter
