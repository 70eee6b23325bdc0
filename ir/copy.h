#pragma once

#include <functional>
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
  using Retype = std::function<Type(ValueId)>;

  using Keep = std::function<bool(ValueId)>;

  /// Starts with everything but nodes and results. `retype` changes the types of inputs, parameters and
  /// states; `keep` says which constants to take along.
  explicit GraphCopy(const Graph& from, const Retype& retype = {}, const Keep& keep = {});

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
  /// Adds the old graph's results and hands the new one over.
  Graph finish();
  /// Hands the new graph over as it is: for passes that make results of their own.
  Graph take();

 private:
  const Graph& from_;
  Graph to_;
  std::vector<ValueId> map_;
};

}  // namespace sinter
