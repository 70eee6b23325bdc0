#include "backends/backend.h"

namespace sinter {

std::string describe_node(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  return fmt::format("node {} ({}{})", id, to_string(node.op),
                     node.source.empty() ? "" : ", \"" + node.source + "\"");
}

}  // namespace sinter
