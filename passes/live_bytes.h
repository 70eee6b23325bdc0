#pragma once

#include <vector>

#include "ir/graph.h"

namespace sinter {

/// A value's time in memory, in numbers of nodes.
struct Lifetime {
  NodeId first = -1;  ///< made here; -1: not by a node
  std::vector<NodeId> reads =
      {};  ///< in order, each once; of views too; of results of the graph the last is the number of nodes
  int64_t bytes = 0;

  NodeId last() const { return reads.empty() ? first : reads.back(); }
};

/// By value. What lies in another's memory (find_views) has no time of its own.
std::vector<Lifetime> lifetimes(const Graph& graph);

/// Bytes that are taken while each node runs, added up over spans of nodes.
class LiveBytes {
 public:
  explicit LiveBytes(size_t nodes) : change_(nodes + 2) {}

  /// From one node to another, both included.
  void add(int64_t bytes, NodeId first, NodeId last) {
    change_[first] += bytes;
    change_[last + 1] -= bytes;
  }

  struct Peak {
    NodeId node = 0;
    int64_t bytes = 0;
  };
  /// Where most is taken, the first of several.
  Peak peak() const;

 private:
  std::vector<int64_t> change_;  ///< from the node before
};

}  // namespace sinter
