#pragma once

#include <memory>

#include "bench/kernels/contestant.h"
#include "bench/kernels/layer_case.h"

namespace sinter::bench {

/// oneDNN as its documentation uses it, without Sinter: primitives on its own OpenMP threads, in the layouts
/// that the convolution chooses. Forward: convolution with the activation as post-op, then the pool.
/// Backward: gradients of the pool, of the activation (in place) and of the convolution. Inputs are reordered
/// before any step, and a max-pool's workspace comes from its forward primitive.
class OnednnAlone {
 public:
  enum class Algorithm : uint8_t { direct, winograd };

  /// Whether the library has a Winograd convolution for this work: 3x3 of stride 1 on AVX-512, if at all.
  static bool has_winograd(const Layer& layer, Work work);

  /// A thread on each of the processors.
  static std::unique_ptr<Contestant> make(const Layer& layer, Work work, Algorithm algorithm,
                                          const NamedTensors& inputs, std::span<const int> processors);
};

}  // namespace sinter::bench
