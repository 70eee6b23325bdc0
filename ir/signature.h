#pragma once

#include <string>

#include "ir/graph.h"

namespace sinter {

/// What a node computes, as text: its op, its attributes (bodies too), the types of its values and which of
/// its operands are one value. Names and sources do not count: nodes of one signature compute the same of
/// operands that hold the same.
std::string signature(const Graph& graph, const Node& node);

/// What a graph computes, as text, constants included: for bodies of fusions.
std::string signature(const Graph& body);

}  // namespace sinter
