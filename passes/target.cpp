#include "passes/target.h"

#include <algorithm>

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
