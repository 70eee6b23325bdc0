#pragma once

#include <span>
#include <vector>

#include "ir/graph.h"

namespace sinter {

/// Who reads each value of a graph: its nodes, and its caller where the value is a result.
class Readers {
 public:
  explicit Readers(const Graph& graph);

  /// Nodes, each once, in the order of the graph.
  const std::vector<NodeId>& of(ValueId value) const { return nodes_[value.index]; }
  bool is_result(ValueId value) const { return is_result_[value.index]; }
  /// The node that alone reads a value, as one operand; -1: there are others, or none, or the caller is one.
  NodeId only(ValueId value) const {
    return is_result(value) || reads_[value.index] != 1 ? -1 : of(value).front();
  }
  /// Whether nobody but these nodes reads a value.
  bool are_only(ValueId value, std::span<const NodeId> nodes) const;
  /// Of what these nodes make, in their order, what others than they read, or the caller.
  std::vector<ValueId> read_outside(const Graph& graph, std::span<const NodeId> nodes) const;

 private:
  std::vector<std::vector<NodeId>> nodes_;  ///< by value
  std::vector<int> reads_;                  ///< by value: operands of nodes
  std::vector<bool> is_result_;             ///< by value
};

}  // namespace sinter
