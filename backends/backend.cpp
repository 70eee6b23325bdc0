#include "backends/backend.h"

#include "backends/cpu_speed.h"

namespace sinter {

int Backend::vector_width() const { return widest_vector(); }

std::optional<std::string> Backend::declines(const Graph& graph, NodeId id) const {
  const Node& node = graph.node(id);
  const auto ways = implementations(graph, id, layouts_of(graph, node));
  if (find_implementation(ways, graph, node) != nullptr) return std::nullopt;
  if (!ways.empty()) return "not in these layouts";
  for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
    for (const ValueId value : *ids)
      if (value.valid() && is_floating(graph.type(value).dtype) && graph.type(value).dtype != DType::f32)
        return fmt::format("there is no kernel for it in {}", to_string(graph.type(value).dtype));
  return "there is no kernel for it";
}

std::string ops_of(const Node& node) {
  if (node.op != OpKind::fusion) return std::string(to_string(node.op));
  std::string ops;
  for (const Node& inner : node.attributes.body().nodes())
    ops += fmt::format("{}{}", ops.empty() ? "" : " + ", to_string(inner.op));
  return ops;
}

std::string describe_node(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  return fmt::format("node {} ({}{})", id, to_string(node.op),
                     node.source.empty() ? "" : ", \"" + node.source + "\"");
}

}  // namespace sinter
