#pragma once

#include <vector>

#include "ir/graph.h"

namespace sinter {

/// Copies a graph forward into a new one, node by node, so that a pass can put something else in a node's
/// place.
///
///   GraphCopy copy(graph);                       // inputs, parameters, states, constants
///   for (const Node& node : graph.nodes())
///     if (...) copy.replace(node.results[0], relu(copy[node.operands[0]]));
///     else copy.node(node);
///   graph = copy.finish();                       // results
class GraphCopy {
 public:
  /// Starts with everything but nodes and results.
  explicit GraphCopy(const Graph& from);

  Graph& graph() { return to_; }
  /// The new value for an old one; it must have been copied or replaced already.
  Value operator[](ValueId old);
  /// Operands of an old node in the new graph; absent ones stay absent.
  std::vector<std::optional<Value>> operands(const Node& node);
  /// Copies a node as it is, result types included.
  std::vector<Value> node(const Node& node);
  /// Copies a node and infers its result types anew.
  std::vector<Value> infer(const Node& node);
  void replace(ValueId old, Value with);
  /// Adds the results and hands the graph over.
  Graph finish();

 private:
  const Graph& from_;
  Graph to_;
  std::vector<ValueId> map_;
};

}  // namespace sinter
