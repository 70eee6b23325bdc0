#pragma once

#include "runtime/thread_pool.h"

namespace sinter {

/// FLOP/s in f32 that the pool's threads reach together with fused multiply-adds on registers alone: what no
/// kernel that does every multiplication of its op can pass. The best of many short rounds, with the widest
/// vectors this processor has. Takes some 30 ms, more on a busy machine; one thread at a time calls it.
double measure_peak_flops(ThreadPool& pool);

}  // namespace sinter
