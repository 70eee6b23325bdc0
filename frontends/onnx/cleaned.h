#pragma once

#include "ir/graph.h"

namespace sinter::onnx {

/// A graph as it was built, node by node, without what no result needs: nodes of constants alone become
/// constants, and constants stand in the order in which they are read. So two models that say the same in
/// other words become the same graph. Inputs, parameters and states stay.
Graph cleaned(const Graph& graph);

}  // namespace sinter::onnx
