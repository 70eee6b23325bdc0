#include "passes/assign_layouts.h"

#include <algorithm>
#include <map>

#include "ir/copy.h"
#include "passes/target.h"

namespace sinter {
namespace {

constexpr int most_offers = 4;   // rounds in which neighbours tell each other what they would like
constexpr int most_sweeps = 30;  // over all nodes; each lowers the cost, few are needed

void add_unique(std::vector<Layout>& layouts, const Layout& layout) {
  if (std::ranges::find(layouts, layout) == layouts.end()) layouts.push_back(layout);
}

// What each node can do and what each value may look like.
struct Choices {
  std::vector<std::vector<Implementation>> ways;  ///< by node; never empty
  std::vector<std::vector<Layout>> layouts;       ///< by value: those that a node likes, and plain
};

Implementation plain_way(const Node& node) {
  return {std::vector<Layout>(node.operands.size()), std::vector<Layout>(node.results.size()), 0};
}

// Asks the target again and again, until the layouts that some nodes like have reached those that take any.
Choices find_choices(const Graph& graph, const Target& target) {
  Choices choices{std::vector<std::vector<Implementation>>(graph.nodes().size()),
                  std::vector<std::vector<Layout>>(graph.values().size(), {Layout{}})};
  std::vector<std::vector<Layout>> asked(graph.nodes().size());
  for (int round = 0; round < most_offers; ++round) {
    bool changed = false;
    for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
      const Node& node = graph.node(id);
      std::vector<Layout> offered = {Layout{}};
      for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
        for (const ValueId value : *ids)
          if (value.valid())
            for (const Layout& layout : choices.layouts[value.index]) add_unique(offered, layout);
      if (offered == asked[id]) continue;
      changed = true;
      asked[id] = offered;
      choices.ways[id] = target.implementations(graph, id, offered);
      if (choices.ways[id].empty()) choices.ways[id].push_back(plain_way(node));
      for (const Implementation& way : choices.ways[id]) {
        for (size_t i = 0; i < node.operands.size(); ++i)
          if (node.operands[i].valid()) add_unique(choices.layouts[node.operands[i].index], way.operands[i]);
        for (size_t i = 0; i < node.results.size(); ++i)
          add_unique(choices.layouts[node.results[i].index], way.results[i]);
      }
    }
    if (!changed) break;
  }
  return choices;
}

class Search {
 public:
  Search(const Graph& graph, const Target& target)
      : graph_(graph),
        target_(target),
        choices_(find_choices(graph, target)),
        readers_(graph.values().size()),
        way_(graph.nodes().size()),
        layout_(graph.values().size()) {
    for (NodeId id = 0; id < node_count(); ++id)
      for (size_t i = 0; i < graph.node(id).operands.size(); ++i)
        if (graph.node(id).operands[i].valid()) readers_[graph.node(id).operands[i].index].push_back({id, i});
  }

  // The best of what local search finds from several starts.
  void run() {
    std::vector<Layout> likes = {Layout{}};
    for (const auto& ways : choices_.ways)
      for (const Implementation& way : ways)
        for (const Layout& layout : way.results) add_unique(likes, layout);
    double least = 0;
    std::vector<size_t> best;
    std::vector<Layout> best_layouts;
    for (size_t start = 0; start <= likes.size(); ++start) {
      begin(start < likes.size() ? &likes[start] : nullptr);
      improve();
      const double seconds = total();
      if (!best.empty() && seconds >= least) continue;
      least = seconds;
      best = way_;
      best_layouts = layout_;
    }
    way_ = std::move(best);
    layout_ = std::move(best_layouts);
  }

  const Implementation& way(NodeId id) const { return choices_.ways[id][way_[id]]; }
  /// As it is first made: by its node, or kept from step to step.
  const Layout& made(ValueId id) const { return layout_[id.index]; }

 private:
  struct Reader {
    NodeId node;
    size_t operand;
  };

  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  void choose(NodeId id, size_t way) {
    way_[id] = way;
    const Node& node = graph_.node(id);
    for (size_t r = 0; r < node.results.size(); ++r)
      layout_[node.results[r].index] = this->way(id).results[r];
  }

  // Every node's fastest way; with `liked`, among those that give this layout to most of its values.
  void begin(const Layout* liked) {
    std::ranges::fill(layout_, Layout{});
    for (NodeId id = 0; id < node_count(); ++id) {
      const auto rank = [&](const Implementation& way) {
        const auto count =
            liked ? std::ranges::count(way.operands, *liked) + std::ranges::count(way.results, *liked) : 0;
        return std::pair(-count, way.seconds);
      };
      choose(id, std::ranges::min_element(choices_.ways[id], {}, rank) - choices_.ways[id].begin());
    }
  }

  // Time of the reorders that a value needs, each layout once.
  double reorders_of(ValueId id) const {
    std::vector<Layout> wanted;
    const auto want = [&](const Layout& layout) {
      if (layout != made(id)) add_unique(wanted, layout);
    };
    for (const Reader& reader : readers_[id.index]) want(way(reader.node).operands[reader.operand]);
    for (const GraphResult& result : graph_.results())
      if (result.value == id) want(result.stored_in.valid() ? made(result.stored_in) : Layout{});
    const Type& type = graph_.type(id);
    double seconds = 0;
    for (const Layout& layout : wanted)
      seconds += target_.reorder_seconds({type.dtype, type.shape, made(id)}, layout);
    return seconds;
  }

  double around(NodeId id) const {
    const Node& node = graph_.node(id);
    double seconds = way(id).seconds;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const ValueId operand = node.operands[i];
      const auto before = node.operands.begin() + static_cast<int64_t>(i);
      if (operand.valid() && std::find(node.operands.begin(), before, operand) == before)
        seconds += reorders_of(operand);
    }
    for (const ValueId result : node.results) seconds += reorders_of(result);
    return seconds;
  }

  bool improve_node(NodeId id) {
    const size_t before = way_[id];
    double least = around(id);
    size_t best = before;
    for (size_t way = 0; way < choices_.ways[id].size(); ++way) {
      choose(id, way);
      const double seconds = around(id);
      if (seconds >= least) continue;
      least = seconds;
      best = way;
    }
    choose(id, best);
    return best != before;
  }

  bool is_kept(ValueId id) const {
    const ValueKind kind = graph_.info(id).kind;
    return kind == ValueKind::parameter || kind == ValueKind::state;
  }

  bool replaces(ValueId result, ValueId kept) const {
    return std::ranges::any_of(
        graph_.results(), [&](const GraphResult& r) { return r.value == result && r.stored_in == kept; });
  }

  // Gives a parameter or state a layout, and with it the node that replaces it and what else that node keeps
  // (a momentum): one alone would pay for reorders on both sides.
  void move_kept(ValueId id, const Layout& layout) {
    const Layout before = layout_[id.index];
    layout_[id.index] = layout;
    for (const Reader& reader : readers_[id.index]) {
      const Node& node = graph_.node(reader.node);
      if (!replaces(node.results[0], id)) continue;
      const auto& ways = choices_.ways[reader.node];
      const auto found = std::ranges::find_if(ways, [&](const Implementation& way) {
        return way.operands[reader.operand] == layout && way.results[0] == layout;
      });
      if (found == ways.end()) continue;
      choose(reader.node, found - ways.begin());
      for (const ValueId operand : node.operands)
        if (operand.valid() && is_kept(operand) && layout_[operand.index] == before)
          layout_[operand.index] = layout;
    }
  }

  bool improve_kept(ValueId id) {
    const auto ways = way_;
    const auto layouts = layout_;
    auto best_ways = way_;
    auto best_layouts = layout_;
    const double before = total();
    double least = before;
    for (const Layout& layout : choices_.layouts[id.index]) {
      way_ = ways;
      layout_ = layouts;
      move_kept(id, layout);
      const double seconds = total();
      if (seconds >= least) continue;
      least = seconds;
      best_ways = way_;
      best_layouts = layout_;
    }
    way_ = std::move(best_ways);
    layout_ = std::move(best_layouts);
    return least < before;
  }

  void improve() {
    bool changed = true;
    for (int sweep = 0; changed && sweep < most_sweeps; ++sweep) {
      changed = false;
      for (const auto ids : {graph_.parameters(), graph_.states()})
        for (const ValueId id : ids) changed |= improve_kept(id);
      // Backwards every other time: a layout then travels the whole chain in one sweep.
      for (NodeId i = 0; i < node_count(); ++i) changed |= improve_node(sweep % 2 ? i : node_count() - 1 - i);
    }
  }

  double total() const {
    double seconds = 0;
    for (NodeId id = 0; id < node_count(); ++id) seconds += way(id).seconds;
    for (int32_t i = 0; i < static_cast<int32_t>(graph_.values().size()); ++i) seconds += reorders_of({i});
    return seconds;
  }

  const Graph& graph_;
  const Target& target_;
  Choices choices_;
  std::vector<std::vector<Reader>> readers_;  ///< by value
  std::vector<size_t> way_;                   ///< by node
  std::vector<Layout> layout_;                ///< by value, as it is made
};

// Puts the choice into the graph.
class Rewriter {
 public:
  Rewriter(const Graph& graph, const Search& search)
      : graph_(graph), search_(search), copy_(retyped(graph, search)) {}

  Graph run() {
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id) append(id);
    for (const GraphResult& result : graph_.results()) {
      const auto stored_in = result.stored_in.valid() ? std::optional(copy_[result.stored_in]) : std::nullopt;
      copy_.graph().at({.node = result.name});
      const Layout wanted = result.stored_in.valid() ? search_.made(result.stored_in) : Layout{};
      copy_.graph().add_result(in_layout(result.value, wanted), result.name, stored_in);
    }
    return copy_.take();
  }

 private:
  static GraphCopy retyped(const Graph& graph, const Search& search) {
    return GraphCopy(graph, [&](ValueId id) {
      return Type{graph.type(id).dtype, graph.type(id).shape, search.made(id)};
    });
  }

  Value in_layout(ValueId old, const Layout& wanted) {
    const Value made = copy_[old];
    if (made.type().layout == wanted) return made;
    for (const auto& [value, layout, reordered] : reorders_)
      if (value == old && layout == wanted) return copy_.graph().value(reordered);
    const Type type{made.dtype(), made.shape(), wanted};
    const Node node{
        OpKind::reorder, Attributes(OpKind::reorder), {made.id()}, {}, copy_.graph().location().node};
    const Value reordered = copy_.graph().append_typed(node, {&type, 1})[0];
    reorders_.push_back({old, wanted, reordered.id()});
    return reordered;
  }

  void append(NodeId id) {
    const Node& old = graph_.node(id);
    const Implementation& way = search_.way(id);
    copy_.graph().at({.node = old.source});
    Node node = old;
    for (size_t i = 0; i < node.operands.size(); ++i)
      if (old.operands[i].valid()) node.operands[i] = in_layout(old.operands[i], way.operands[i]).id();
    std::vector<Type> types;
    for (size_t i = 0; i < old.results.size(); ++i) {
      const Type& type = graph_.type(old.results[i]);
      types.push_back({type.dtype, type.shape, way.results[i]});
    }
    const auto results = copy_.graph().append_typed(std::move(node), types);
    for (size_t i = 0; i < results.size(); ++i) copy_.replace(old.results[i], results[i]);
  }

  struct Reordered {
    ValueId old;
    Layout layout;
    ValueId reordered;
  };

  const Graph& graph_;
  const Search& search_;
  GraphCopy copy_;
  std::vector<Reordered> reorders_;
};

}  // namespace

bool assign_layouts(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("assign_layouts asks a backend what it likes; there is none");
  for (const ValueInfo& value : graph.values())
    if (!is_concrete(value.type.shape) || !value.type.layout.is_plain())
      fail_input(
          "graph \"{}\" has a value of type {}; assign_layouts needs numbers for sizes and plain layouts",
          graph.name, to_string(value.type));
  Search search(graph, *options.target);
  search.run();
  Graph laid_out = Rewriter(graph, search).run();
  if (laid_out == graph) return false;
  graph = std::move(laid_out);
  return true;
}

}  // namespace sinter
