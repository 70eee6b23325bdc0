#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace sinter {

class Graph;
class Tensor;

/// Called with a graph, one of its nodes and the node's results, after the node has run.
using NodeObserver = std::function<void(const Graph&, int32_t node, std::span<const Tensor> results)>;

}  // namespace sinter
