#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/thread_pool.h"

namespace sinter::bench {

/// The processors that the calling thread may use.
std::vector<int> usable_processors();

/// A pool of as many threads as processors: the caller, which is pinned to the first, and workers on the
/// others.
std::unique_ptr<ThreadPool> make_pinned_pool(std::span<const int> processors);

/// Gives the calling thread as many OpenMP threads as processors, each pinned to one, itself to the first.
void pin_openmp_threads(std::span<const int> processors);

}  // namespace sinter::bench
