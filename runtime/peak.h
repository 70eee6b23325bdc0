#pragma once

#include "backends/cpu_speed.h"
#include "runtime/thread_pool.h"

namespace sinter {

/// FLOP/s in f32 that the pool's threads can reach with fused multiply-adds on registers alone: what no
/// kernel that does every multiplication of its op can pass. That of one thread for each, where they have
/// cores of their own, else of all together; the best of many short rounds, with vectors of `vector_width`
/// elements: 16 (AVX-512), 8 (AVX2) or 4 (SSE2, which has no fused multiply-add); needs: this processor has
/// them. Takes some 50 ms, more on a busy machine; one thread at a time calls it.
double measure_peak_flops(ThreadPool& pool, int vector_width = widest_vector());

}  // namespace sinter
