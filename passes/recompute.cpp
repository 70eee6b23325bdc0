#include "passes/recompute.h"

#include <algorithm>
#include <limits>
#include <map>

#include "ir/copy.h"
#include "ir/op_table.h"
#include "passes/live_bytes.h"
#include "passes/plan_memory.h"
#include "passes/remade_node.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

constexpr size_t most_nodes = 3;        // that make a value again
constexpr double most_sweeps = 4;       // over the value, that this may take
constexpr double share_of_auto = 0.02;  // of the graph's time, for all values together

// How a value is made again right before a node.
struct Recipe {
  ValueId value;
  NodeId at = 0;
  std::vector<Node> nodes = {};  ///< in order; each has one result, the last the value
  double seconds = 0;
};

class Planner {
 public:
  Planner(const Graph& graph, const Target& target)
      : graph_(graph), target_(target), times_(lifetimes(graph)) {}

  /// Chooses values until nothing is left that lowers the peak, or all together take longer than this.
  void run(double seconds) {
    for (LiveBytes::Peak peak = peak_now();;) {
      const std::optional<Recipe> best = best_at(peak.node);
      if (!best) return;
      refused_.push_back(best->value);  // or done
      if (spent_ + best->seconds > seconds) {
        kept_bytes_ += bytes_of(best->value);
        ++kept_;
        continue;
      }
      const auto before = times_;
      recipes_.push_back(*best);
      read_again(*best);
      const LiveBytes::Peak now = peak_now();
      if (now.bytes > peak.bytes) {
        recipes_.pop_back();
        times_ = before;
        continue;
      }
      spent_ += best->seconds;
      peak = now;
    }
  }

  bool found() const { return !recipes_.empty(); }
  int kept() const { return kept_; }
  int64_t kept_bytes() const { return kept_bytes_; }

  Graph rewritten() const {
    GraphCopy copy(graph_);
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id) {
      std::vector<const Recipe*> here;
      for (const Recipe& recipe : recipes_)
        if (recipe.at == id) here.push_back(&recipe);
      // What was made first: others may be made from it.
      std::ranges::sort(here, {}, [](const Recipe* recipe) { return recipe->value; });
      for (const Recipe* recipe : here) append(copy, *recipe);
      copy.node(graph_.node(id));
    }
    return copy.finish();
  }

 private:
  int64_t bytes_of(ValueId value) const { return times_[value.index].bytes; }

  const Recipe* recipe_of(ValueId value) const {
    const auto found = std::ranges::find(recipes_, value, &Recipe::value);
    return found == recipes_.end() ? nullptr : &*found;
  }

  LiveBytes::Peak peak_now() const {
    LiveBytes live(graph_.nodes().size());
    for (int32_t i = 0; i < static_cast<int32_t>(times_.size()); ++i) {
      const Lifetime& time = times_[i];
      if (time.first < 0) continue;
      const Recipe* recipe = recipe_of({i});
      if (recipe == nullptr) {
        live.add(time.bytes, time.first, time.last());
        continue;
      }
      live.add(time.bytes, time.first, *(std::ranges::lower_bound(time.reads, recipe->at) - 1));
      live.add(time.bytes, recipe->at, time.last());
      for (const Node& node : recipe->nodes)
        if (node.results[0] != recipe->value) live.add(bytes_of(node.results[0]), recipe->at, recipe->at);
    }
    return live.peak();
  }

  // Of the values that are kept at a node for later ones, that which costs least for its bytes.
  std::optional<Recipe> best_at(NodeId peak) const {
    std::optional<Recipe> best;
    double least = 0;
    for (int32_t i = 0; i < static_cast<int32_t>(times_.size()); ++i) {
      const auto recipe = recipe_over({i}, peak);
      if (!recipe) continue;
      const double cost = recipe->seconds / static_cast<double>(bytes_of({i}));
      if (best && cost >= least) continue;
      best = recipe;
      least = cost;
    }
    return best;
  }

  std::optional<Recipe> recipe_over(ValueId value, NodeId peak) const {
    const Lifetime& time = times_[value.index];
    if (time.first < 0 || time.first >= peak || time.bytes == 0 || has_views_or_leaves(value) ||
        std::ranges::count(refused_, value) > 0)
      return std::nullopt;
    const auto later = std::ranges::lower_bound(time.reads, peak);
    if (later == time.reads.begin() || later == time.reads.end() || *later == peak) return std::nullopt;
    Recipe recipe{value, *later};
    if (!add(value, recipe) || recipe.seconds > most_sweeps * sweep_seconds(value)) return std::nullopt;
    return recipe;
  }

  // Of a view nobody knows that it is made again; what the caller gets is made once.
  bool has_views_or_leaves(ValueId value) const {
    const Lifetime& time = times_[value.index];
    return time.last() == static_cast<NodeId>(graph_.nodes().size()) ||
           std::ranges::any_of(time.reads, [&](NodeId reader) {
             const auto& operands = graph_.node(reader).operands;
             const bool reads = std::ranges::find(operands, value) != operands.end();
             return !reads || (graph_.node(reader).op == OpKind::reorder &&
                               times_[graph_.node(reader).results[0].index].first < 0);
           });
  }

  // Adds the node that makes a value, behind those that make what it reads where that is not there.
  bool add(ValueId value, Recipe& recipe) const {
    if (recipe.nodes.size() == most_nodes) return false;
    const auto node = remade(graph_, value);
    if (!node) return false;
    for (const ValueId operand : node->operands) {
      if (!operand.valid() || is_there(operand, recipe)) continue;
      if (!add(operand, recipe)) return false;
    }
    const auto seconds = expected_seconds(target_, graph_, *node);
    if (!seconds || recipe.nodes.size() == most_nodes) return false;
    recipe.nodes.push_back(*node);
    recipe.seconds += *seconds;
    return true;
  }

  // Whether a value can be read at the recipe's place without being kept any longer for it.
  bool is_there(ValueId value, const Recipe& recipe) const {
    if (std::ranges::any_of(recipe.nodes, [&](const Node& node) { return node.results[0] == value; }))
      return true;
    const ValueInfo& info = graph_.info(value);
    if (info.kind == ValueKind::constant || info.kind == ValueKind::input) return true;
    const Lifetime& time = times_[value.index];
    const Recipe* again = recipe_of(value);
    return time.last() >= recipe.at && (again == nullptr || again->at <= recipe.at);
  }

  // From now on these are read there too.
  void read_again(const Recipe& recipe) {
    for (const Node& node : recipe.nodes)
      for (const ValueId operand : node.operands) {
        if (!operand.valid()) continue;
        auto& reads = times_[operand.index].reads;
        const bool made_here =
            std::ranges::any_of(recipe.nodes, [&](const Node& other) { return other.results[0] == operand; });
        const auto place = std::ranges::lower_bound(reads, recipe.at);
        if (!made_here && (place == reads.end() || *place != recipe.at)) reads.insert(place, recipe.at);
      }
  }

  double sweep_seconds(ValueId value) const {
    if (!is_floating(graph_.type(value).dtype)) return 0;
    return expected_seconds(target_, graph_, {OpKind::relu, Attributes(OpKind::relu), {value}, {value}})
        .value_or(0);
  }

  void append(GraphCopy& copy, const Recipe& recipe) const {
    std::map<ValueId, Value> made;
    for (const Node& node : recipe.nodes) {
      Node again = node;
      for (ValueId& operand : again.operands) {
        if (!operand.valid()) continue;
        const auto found = made.find(operand);
        operand = (found == made.end() ? copy[operand] : found->second).id();
      }
      const std::vector<Type> types = {graph_.type(node.results[0])};
      made.emplace(node.results[0], copy.graph().append_typed(std::move(again), types)[0]);
    }
    copy.replace(recipe.value, made.at(recipe.value));
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<Lifetime> times_;   ///< by value
  std::vector<Recipe> recipes_;   ///< chosen
  std::vector<ValueId> refused_;  ///< or chosen: not to be asked for again
  double spent_ = 0;              ///< seconds
  int kept_ = 0;                  ///< values for which there is no time
  int64_t kept_bytes_ = 0;
};

// Expected of all but loops, whose values are not made again.
struct Seconds {
  double once = 0;
  double again = 0;  ///< of nodes that compute what another did, as this pass leaves them
};

Seconds seconds_of(const Target& target, const Graph& graph) {
  Seconds seconds;
  std::map<ValueId, ValueId> same;
  std::vector<Node> seen;
  for (Node node : graph.nodes()) {
    if (node.op == OpKind::slab_loop) continue;
    const double own = expected_seconds(target, graph, node).value_or(0);
    for (ValueId& operand : node.operands)
      if (const auto found = same.find(operand); found != same.end()) operand = found->second;
    const auto first = std::ranges::find_if(seen, [&](const Node& other) {
      return other.op == node.op && other.operands == node.operands && other.attributes == node.attributes;
    });
    (first == seen.end() ? seconds.once : seconds.again) += own;
    if (first == seen.end())
      seen.push_back(std::move(node));
    else
      for (size_t i = 0; i < node.results.size(); ++i) same.emplace(node.results[i], first->results[i]);
  }
  return seconds;
}

void say_what_is_kept(const Planner& planner, const PassOptions& options) {
  if (options.remarks == nullptr || planner.kept() == 0) return;
  options.remarks->push_back(
      {"recompute", "",
       fmt::format(
           "{} value{} of {:.1f} MiB {} kept: to make {} again would take more than {:.0f} % of the time",
           planner.kept(), planner.kept() == 1 ? "" : "s",
           static_cast<double>(planner.kept_bytes()) / (1 << 20), planner.kept() == 1 ? "is" : "are",
           planner.kept() == 1 ? "it" : "them", 100 * share_of_auto)});
}

}  // namespace

bool recompute(Graph& graph, const PassOptions& options) {
  if (options.recompute == Recompute::never) return false;
  if (options.target == nullptr) fail_input("recompute asks a backend what takes how long; there is none");
  const TargetMemo target(*options.target);
  // What is made again for its last reader may be so for one before, once the peak has moved there.
  for (bool changed = false;; changed = true) {
    const Seconds spent = seconds_of(target, graph);
    Planner planner(graph, target);
    planner.run(options.recompute == Recompute::always ? std::numeric_limits<double>::infinity()
                                                       : share_of_auto * spent.once - spent.again);
    Graph smaller = planner.found() ? planner.rewritten() : graph;
    if (!planner.found() || plan_memory(smaller).arena_bytes >= plan_memory(graph).arena_bytes) {
      say_what_is_kept(planner, options);
      return changed;
    }
    graph = std::move(smaller);
  }
}

}  // namespace sinter
