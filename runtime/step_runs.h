#pragma once

#include <chrono>
#include <span>

#include "runtime/session.h"

namespace sinter {

/// What `work` takes.
template <typename F>
double seconds_of(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Runs at least one step, and for 0.2 seconds; gives how many it took. Throws Error where the first one's
/// results are not finite.
int64_t warm_up(Session& session, std::span<const Tensor> inputs);

/// Throws Error where a result of the last of so many steps is not finite: a program that computes nan may be
/// quicker than it should, or slower.
void check_results(const Session& session, int64_t steps);

}  // namespace sinter
