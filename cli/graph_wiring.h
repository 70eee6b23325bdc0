#pragma once

#include <vector>

#include "cli/graph_phases.h"

namespace sinter::cli {

/// What of a graph a picture draws as boxes and edges; the rest it says in words in the reader's box.
///
/// Parameters, states and constants are said, and so are scalars that many nodes read, such as the learning
/// rate: their edges would hide the network. A parameter that several nodes of the forward part read is
/// drawn, since sharing is structure, and so is a tensor constant with several readers. The graph must
/// outlive this.
class GraphWiring {
 public:
  explicit GraphWiring(const Graph& graph);

  const Graph& graph() const { return graph_; }
  Phase phase(NodeId node) const { return phases_.at(node); }
  /// The earliest phase that reads the value.
  Phase phase(ValueId value) const { return earliest_reader_.at(value.index); }
  /// The first node that reads the value; -1: none.
  NodeId first_reader(ValueId value) const { return first_reader_.at(value.index); }
  /// Whether an edge leads from `value` to `reader`.
  bool is_edge(ValueId value, NodeId reader) const;
  /// Whether there is a box that shows the value: of its own, or of the node whose result it is.
  bool has_box(ValueId value) const;

 private:
  const Graph& graph_;
  std::vector<Phase> phases_;
  std::vector<int> readers_, forward_readers_;  // nodes, by value
  std::vector<Phase> earliest_reader_;
  std::vector<NodeId> first_reader_;
};

}  // namespace sinter::cli
