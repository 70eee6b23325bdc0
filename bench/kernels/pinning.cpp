#include "bench/kernels/pinning.h"

#include <omp.h>
#include <sched.h>

#include "ir/error.h"

namespace sinter::bench {
namespace {

void pin(std::span<const int> processors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int processor : processors) CPU_SET(processor, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("a thread cannot be pinned to its processor");
}

}  // namespace

std::vector<int> usable_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    fail("the system does not say which processors are usable");
  std::vector<int> processors;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &set)) processors.push_back(i);
  return processors;
}

std::unique_ptr<ThreadPool> make_pinned_pool(std::span<const int> processors) {
  // Threads start where the one that starts them may be.
  if (processors.size() > 1) pin(processors.subspan(1));
  auto pool = std::make_unique<ThreadPool>(static_cast<int>(processors.size()));
  pin(processors.first(1));
  return pool;
}

void pin_openmp_threads(std::span<const int> processors) {
  const int threads = static_cast<int>(processors.size());
  omp_set_num_threads(threads);
  std::atomic<bool> pinned{true};
#pragma omp parallel num_threads(threads)
  try {
    pin(processors.subspan(omp_get_thread_num(), 1));
  } catch (const Error&) {
    pinned = false;  // no exception leaves a parallel region
  }
  if (!pinned) fail("oneDNN's threads cannot be pinned to their processors");
}

}  // namespace sinter::bench
