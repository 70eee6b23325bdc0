#include "passes/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sinter {
namespace {

bool have_layouts(const Graph& graph, std::span<const ValueId> values, std::span<const Layout> layouts) {
  return std::ranges::equal(values, layouts, [&](ValueId id, const Layout& layout) {
    return !id.valid() || graph.type(id).layout == layout;
  });
}

}  // namespace

const Implementation* find_implementation(std::span<const Implementation> implementations, const Graph& graph,
                                          const Node& node) {
  const Implementation* found = nullptr;
  for (const Implementation& way : implementations)
    if ((found == nullptr || way.seconds < found->seconds) &&
        have_layouts(graph, node.operands, way.operands) && have_layouts(graph, node.results, way.results))
      found = &way;
  return found;
}

std::optional<double> expected_seconds(const Target& target, const Graph& graph, Node node) {
  if (node.op == OpKind::fusion && target.refuses_fusion(node.attributes.body())) return std::nullopt;
  Graph alone;
  std::vector<Type> types;
  for (const ValueId result : node.results) types.push_back(graph.type(result));
  std::map<ValueId, ValueId> inputs;
  for (ValueId& operand : node.operands) {
    if (!operand.valid()) continue;
    const auto [known, is_new] = inputs.try_emplace(operand);
    if (is_new) known->second = alone.input(fmt::format("x{}", inputs.size()), graph.type(operand)).id();
    operand = known->second;
  }
  alone.append_typed(std::move(node), types);
  const auto ways = target.implementations(alone, 0, layouts_of(alone, alone.node(0)));
  const Implementation* way = find_implementation(ways, alone, alone.node(0));
  return way == nullptr ? std::nullopt : std::optional(way->seconds);
}

std::vector<Layout> layouts_of(const Graph& graph, const Node& node) {
  std::vector<Layout> layouts;
  for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
    for (const ValueId id : *ids)
      if (id.valid() && !graph.type(id).layout.is_plain() &&
          std::ranges::find(layouts, graph.type(id).layout) == layouts.end())
        layouts.push_back(graph.type(id).layout);
  return layouts;
}

}  // namespace sinter
