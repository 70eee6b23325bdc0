#pragma once

#include <compare>
#include <cstdint>

#include "ir/type.h"

namespace sinter {

class Graph;

/// A value of one graph: an input, a parameter, a state, a constant, or a node's result.
struct ValueId {
  int32_t index = -1;
  bool valid() const { return index >= 0; }
  auto operator<=>(const ValueId&) const = default;
};

/// An expression: a value that knows its graph, so that operators and functions can append to it.
class Value {
 public:
  Value(Graph& graph, ValueId id) : graph_(&graph), id_(id) {}
  Graph& graph() const { return *graph_; }
  ValueId id() const { return id_; }
  /// Stands until the graph grows: copy what must outlive the next append.
  const Type& type() const;
  const Shape& shape() const { return type().shape; }
  DType dtype() const { return type().dtype; }

 private:
  Graph* graph_;  // never owned; an expression does not outlive the graph it builds
  ValueId id_;
};

}  // namespace sinter
