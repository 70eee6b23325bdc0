#include "cli/open_loops.h"

#include <fmt/format.h>

#include <map>

#include "ir/copy.h"

namespace sinter::cli {
namespace {

void put_body(GraphCopy& copy, const Node& loop) {
  const Graph& body = loop.attributes.body();
  Graph& to = copy.graph();
  std::map<ValueId, ValueId> map;
  for (size_t i = 0; i < body.inputs().size(); ++i) map[body.inputs()[i]] = copy[loop.operands[i]].id();
  for (const ValueId constant : body.constants())
    map[constant] = to.constant(body.info(constant).constant).id();
  for (Node node : body.nodes()) {
    for (ValueId& operand : node.operands)
      if (operand.valid()) operand = map.at(operand);
    std::vector<Type> types;
    for (const ValueId result : node.results) types.push_back(body.type(result));
    const auto old = std::move(node.results);
    node.results.clear();
    const auto made = to.append_typed(std::move(node), types);
    for (size_t i = 0; i < made.size(); ++i) map[old[i]] = made[i].id();
  }
  for (size_t i = 0; i < loop.results.size(); ++i)
    copy.replace(loop.results[i], to.value(map.at(body.results()[i].value)));
}

}  // namespace

Graph open_loops(const Graph& graph) {
  GraphCopy copy(graph);
  for (const Node& node : graph.nodes()) {
    if (node.op == OpKind::slab_loop)
      put_body(copy, node);
    else
      copy.node(node);
  }
  return copy.finish();
}

std::string slabs_of(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes()) {
    if (node.op != OpKind::slab_loop) continue;
    const auto one = fmt::format("slabs of {}", node.attributes.integer("slab"));
    if (text.find(one) == std::string::npos) text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

}  // namespace sinter::cli
