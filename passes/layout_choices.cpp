#include "passes/layout_choices.h"

#include <algorithm>

namespace sinter {
namespace {

constexpr int most_rounds = 4;  // in which neighbours tell each other what they would like

void add_unique(std::vector<int>& layouts, int layout) {
  if (std::ranges::find(layouts, layout) == layouts.end()) layouts.push_back(layout);
}

class Inquiry {
 public:
  Inquiry(const Graph& graph, const Target& target)
      : graph_(graph),
        target_(target),
        choices_{{Layout{}},
                 std::vector<std::vector<LayoutWay>>(graph.nodes().size()),
                 std::vector<std::vector<int>>(graph.values().size(), {0})},
        asked_(graph.nodes().size()) {}

  LayoutChoices run() {
    bool changed = true;
    for (int round = 0; changed && round < most_rounds; ++round) {
      changed = false;
      for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id) changed |= ask(id);
    }
    return std::move(choices_);
  }

 private:
  bool ask(NodeId id) {
    std::vector<int> offered = offers_to(graph_.node(id));
    if (offered == asked_[id]) return false;
    std::vector<Layout> layouts;
    for (const int layout : offered) layouts.push_back(choices_.layouts[layout]);
    std::vector<LayoutWay>& ways = choices_.ways[id];
    ways.clear();
    for (const Implementation& found : target_.implementations(graph_, id, layouts))
      ways.push_back({places_of(found.operands), places_of(found.results), found.seconds});
    const Node& node = graph_.node(id);
    if (ways.empty())
      ways.push_back({std::vector<int>(node.operands.size()), std::vector<int>(node.results.size()), 0});
    for (const LayoutWay& way : ways) {
      spread(node.operands, way.operands);
      spread(node.results, way.results);
    }
    asked_[id] = std::move(offered);
    return true;
  }

  // In order, so that nodes with the same neighbours are asked the same.
  std::vector<int> offers_to(const Node& node) const {
    std::vector<int> offered = {0};
    for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
      for (const ValueId value : *ids)
        if (value.valid())
          for (const int layout : choices_.of_values[value.index]) add_unique(offered, layout);
    std::ranges::sort(offered);
    return offered;
  }

  std::vector<int> places_of(const std::vector<Layout>& layouts) {
    std::vector<int> places;
    for (const Layout& layout : layouts) {
      const auto found = std::ranges::find(choices_.layouts, layout);
      places.push_back(static_cast<int>(found - choices_.layouts.begin()));
      if (found == choices_.layouts.end()) choices_.layouts.push_back(layout);
    }
    return places;
  }

  void spread(const std::vector<ValueId>& values, const std::vector<int>& layouts) {
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i].valid()) add_unique(choices_.of_values[values[i].index], layouts[i]);
  }

  const Graph& graph_;
  const Target& target_;
  LayoutChoices choices_;
  std::vector<std::vector<int>> asked_;  ///< by node: what it was last offered
};

}  // namespace

LayoutChoices find_layout_choices(const Graph& graph, const Target& target) {
  return Inquiry(graph, target).run();
}

}  // namespace sinter
