#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/dot_text.h"
#include "cli/graph_wiring.h"

namespace sinter::cli {

/// What the boxes of a picture say. Values have the numbers of the text form, print(Graph). The wiring must
/// outlive this.
class NodeLabels {
 public:
  explicit NodeLabels(const GraphWiring& wiring);

  /// The op and its layer, results, attributes, operands that no edge brings, and the ops of a body.
  std::string node(NodeId id) const;
  /// Of an input, parameter, state or constant with a box of its own.
  std::string value(ValueId id) const;
  /// Of a place where an edge is cut short, and of the place where it goes on.
  std::string connector(ValueId id) const { return BoxText().plain(name(id)).label(); }
  /// Of a result of the graph.
  std::string result(size_t index) const;

 private:
  /// How values are called, by index, and those of the bodies in it.
  struct Names {
    std::vector<std::string> values;
    std::map<NodeId, Names> bodies;
  };

  static Names names(const Graph& graph, int& last_number);
  static void body(const Graph& graph, const Names& names, const std::string& indent, BoxText& text);
  void results(const Node& node, BoxText& text) const;
  void operands(NodeId id, BoxText& text) const;
  const std::string& name(ValueId id) const { return names_.values.at(id.index); }

  const GraphWiring& wiring_;
  Names names_;
};

}  // namespace sinter::cli
