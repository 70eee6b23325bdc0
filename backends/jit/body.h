#pragma once

#include "ir/graph.h"

namespace sinter::jit {

/// A node as a body: a fusion's own, or one that holds its op alone, so that kernels are written from bodies
/// only.
struct NodeBody {
  Graph body;
  std::vector<ValueId> operands;  ///< of the node, those that are present: the body's inputs
  std::vector<ValueId> results;   ///< of the node: the body's results
};

NodeBody body_of(const Graph& graph, const Node& node);

/// Where a value stands among a node's buffers: operands, absent ones too, then results.
size_t position_of(const Node& node, ValueId id);

/// A kernel's name for a node: its op, or those of a fusion's body.
std::string kernel_name(const Node& node);

}  // namespace sinter::jit
