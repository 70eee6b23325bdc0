#pragma once

#include "ir/build.h"
#include "tests/backends/run_graph.h"

/// Convolution layers as tests of backends list them, and their three ops as nodes of a graph.
namespace sinter {

struct ConvolutionLayer {
  std::vector<int64_t> x;  ///< N C H W
  std::vector<int64_t> weight;
  Conv2dOptions options = {};
};

Type f32_type(const std::vector<int64_t>& shape);
Type gradient_type(const ConvolutionLayer& layer);

/// Their operands are inputs of the graph: x, w, perhaps b; dy, w; x, dy.
Value forward(Graph& graph, const ConvolutionLayer& layer, bool with_bias);
Value backward_data(Graph& graph, const ConvolutionLayer& layer);
/// With the bias's gradient as a second result where it is wanted.
void add_backward_weights(Graph& graph, const ConvolutionLayer& layer, bool with_bias);
Value backward_weights(const ConvolutionLayer& layer, const Value& x, const Value& dy);

/// Eighths up to a half: sums of their products are exact, so that a maximum's place is the same for all.
Bindings coarse_bindings(const Graph& graph, RandomEngine& random);

}  // namespace sinter
