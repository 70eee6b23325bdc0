#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/kernels/layer.h"
#include "ir/graph.h"

namespace sinter::bench {

using NamedTensors = std::map<std::string, Tensor, std::less<>>;

/// What a layer's work reads, by name: `x`, `weight`, `bias` forward; `dy` and what the gradients need
/// backward: `x` or `weight`; `z`, the convolution's result; `y`, that after the activation; `argmax` of a
/// max-pool. Of the windows of a pool every place is the largest equally often, and half of the largest are
/// below zero. Where ReLU's gradient is taken before the pool's, `dy` is zero for those.
NamedTensors make_inputs(const Layer& layer, Work work);

/// How the argmax of a max-pool reaches its gradient.
enum class Argmax : uint8_t {
  given,    ///< as an input
  computed  ///< by a max_pool2d_argmax of the input `z`
};

/// The layer's work as the pipelines see it before they fuse and lay out. All inputs are parameters, which
/// assign_layouts lets lie as their nodes like them best.
Graph layer_graph(const Layer& layer, Work work, Argmax argmax = Argmax::given);

/// What the work must give, by the op table's evaluation: of all, or, where that takes too long, of some
/// samples (of the weights' gradients: output channels), the first and the last among them.
class Expected {
 public:
  /// Two samples or channels at least, more as long as their convolutions take no more than `most_flops`.
  Expected(const Layer& layer, Work work, const NamedTensors& inputs, double most_flops = 1e9);

  /// Of the results in the graph's order, whole: the largest difference over the largest expected element;
  /// the worst of them. Infinity where one is not a number.
  double error_of(std::span<const Tensor> results) const;

 private:
  bool by_channel_;
  std::vector<int64_t> parts_;
  std::vector<Tensor> results_;
};

}  // namespace sinter::bench
