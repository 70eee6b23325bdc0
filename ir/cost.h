#pragma once

#include "ir/graph.h"

namespace sinter {

/// What a node must do at least. Unbound symbols count as 1: the cost is then per sample.
struct Cost {
  double flops = 0;  ///< FLOPs; a multiply and add are two
  double bytes = 0;  ///< operands read once and results written once
};

Cost cost(const Graph& graph, const Node& node);

/// Of a node's FLOPs those with the zeros around a convolution's image, which are counted as in every paper
/// but which no kernel has to do. Needs concrete shapes.
double padding_flops(const Graph& graph, const Node& node);

}  // namespace sinter
