#include "passes/layout_search.h"

#include <algorithm>
#include <set>

namespace sinter {
namespace {

constexpr int most_sweeps = 30;       // over all nodes; each lowers the cost, few are needed
constexpr double least_gain = 1e-12;  // seconds; less is rounding, which could go round in circles
constexpr int no_layout = -1;

class Search {
 public:
  Search(const Graph& graph, const Target& target, const LayoutChoices& choices)
      : graph_(graph),
        choices_(choices),
        plan_(graph, target, choices),
        readers_(graph.values().size()),
        replacing_(graph.values().size()) {
    for (NodeId id = 0; id < node_count(); ++id)
      for (size_t i = 0; i < graph.node(id).operands.size(); ++i)
        if (graph.node(id).operands[i].valid()) readers_[graph.node(id).operands[i].index].push_back({id, i});
    for (const GraphResult& result : graph.results())
      if (result.stored_in.valid()) replacing_[result.stored_in.index] = result.value;
  }

  LayoutPlan run() {
    std::set<int> liked = {no_layout, 0};
    for (const auto& ways : choices_.ways)
      for (const LayoutWay& way : ways) liked.insert(way.results.begin(), way.results.end());
    const LayoutPlan empty = plan_;
    std::optional<LayoutPlan> best;
    double least = 0;
    for (const int layout : liked) {
      plan_ = empty;
      begin(layout);
      improve();
      const double seconds = plan_.seconds();
      if (best && seconds >= least - least_gain) continue;
      least = seconds;
      best = plan_;
    }
    return *best;
  }

 private:
  struct Reader {
    NodeId node;
    size_t operand;
  };

  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  // Every node's fastest way; with `liked`, among those that give this layout to most of its values.
  void begin(int liked) {
    for (NodeId id = 0; id < node_count(); ++id) {
      const auto rank = [&](const LayoutWay& way) {
        return std::pair(-std::ranges::count(way.operands, liked) - std::ranges::count(way.results, liked),
                         way.seconds);
      };
      const auto& ways = choices_.ways[id];
      plan_.choose(id, static_cast<int>(std::ranges::min_element(ways, {}, rank) - ways.begin()));
    }
  }

  void improve() {
    bool changed = true;
    for (int sweep = 0; changed && sweep < most_sweeps; ++sweep) {
      changed = false;
      for (const auto ids : {graph_.parameters(), graph_.states()})
        for (const ValueId id : ids) changed |= improve_value(id);
      // Backwards every other time: a layout then travels the whole chain in one sweep.
      for (NodeId i = 0; i < node_count(); ++i) {
        const NodeId id = sweep % 2 ? i : node_count() - 1 - i;
        changed |= improve_node(id) < 0;
      }
      if (changed) continue;
      for (NodeId id = 0; id < node_count(); ++id)
        for (const ValueId result : graph_.node(id).results) changed |= improve_value(result);
    }
  }

  // The way with the least time among those that `fits` takes; where it takes none, all stays.
  template <typename Fits>
  double choose_best(NodeId id, const Fits& fits) {
    const auto& ways = choices_.ways[id];
    int best = -1;
    double least = 0;
    for (int way = 0; way < static_cast<int>(ways.size()); ++way) {
      if (!fits(ways[way])) continue;
      const size_t mark = plan_.mark();
      const double change = plan_.choose(id, way);
      plan_.undo_to(mark);
      if (best >= 0 && change >= least - least_gain) continue;
      best = way;
      least = change;
    }
    return best < 0 || best == plan_.way_index(id) ? 0 : plan_.choose(id, best);
  }

  double improve_node(NodeId id) {
    const size_t mark = plan_.mark();
    const double change = choose_best(id, [](const LayoutWay&) { return true; });
    if (change < -least_gain) return change;
    plan_.undo_to(mark);
    return 0;
  }

  bool is_kept(ValueId id) const {
    const ValueKind kind = graph_.info(id).kind;
    return kind == ValueKind::parameter || kind == ValueKind::state;
  }

  // Whether a node makes what replaces this parameter or state.
  bool replaces(NodeId node, ValueId kept) const {
    const ValueId value = replacing_[kept.index];
    return value.valid() && graph_.info(value).node == node;
  }

  bool improve_value(ValueId id) {
    const auto& layouts = choices_.of_values[id.index];
    for (const bool all_readers : {false, true})
      for (const int layout : layouts) {
        if (layouts.size() == 1) return false;
        const size_t mark = plan_.mark();
        if (move(id, layout, all_readers) < -least_gain) return true;
        plan_.undo_to(mark);
      }
    return false;
  }

  // Brings a value into another layout, and with it what replaces it, or all its readers; then lets what is
  // around them follow.
  double move(ValueId id, int layout, bool all_readers) {
    double change = move_source(id, layout);
    std::set<NodeId> around;
    if (graph_.info(id).kind == ValueKind::result) add_neighbours(graph_.info(id).node, around);
    for (const Reader& reader : readers_[id.index]) {
      const bool replacing = is_kept(id) && replaces(reader.node, id);
      if (!all_readers && !replacing) continue;
      change += choose_best(reader.node,
                            [&](const LayoutWay& way) { return way.operands[reader.operand] == layout; });
      if (replacing) change += move_kept_beside(reader.node);
      add_neighbours(reader.node, around);
    }
    for (const NodeId node : around) change += improve_node(node);
    return change;
  }

  double move_source(ValueId id, int layout) {
    if (is_kept(id)) return plan_.give(id, layout);
    const ValueInfo& info = graph_.info(id);
    return choose_best(info.node,
                       [&](const LayoutWay& way) { return way.results[info.result_index] == layout; });
  }

  // What else a node replaces (a momentum) lies as the node reads it.
  double move_kept_beside(NodeId id) {
    const Node& node = graph_.node(id);
    double change = 0;
    for (size_t i = 0; i < node.operands.size(); ++i)
      if (node.operands[i].valid() && is_kept(node.operands[i]) && replaces(id, node.operands[i]))
        change += plan_.give(node.operands[i], plan_.way(id).operands[i]);
    return change;
  }

  void add_neighbours(NodeId id, std::set<NodeId>& nodes) const {
    const Node& node = graph_.node(id);
    nodes.insert(id);
    for (const ValueId operand : node.operands)
      if (operand.valid() && graph_.info(operand).kind == ValueKind::result)
        nodes.insert(graph_.info(operand).node);
    for (const ValueId result : node.results)
      for (const Reader& reader : readers_[result.index]) nodes.insert(reader.node);
  }

  const Graph& graph_;
  const LayoutChoices& choices_;
  LayoutPlan plan_;
  std::vector<std::vector<Reader>> readers_;  ///< by value
  std::vector<ValueId> replacing_;            ///< by value: what the graph stores into it
};

}  // namespace

LayoutPlan find_layout_plan(const Graph& graph, const Target& target, const LayoutChoices& choices) {
  return Search(graph, target, choices).run();
}

}  // namespace sinter
