#include "passes/rewrite.h"

#include <algorithm>

#include "ir/copy.h"
#include "passes/remove_dead_nodes.h"

namespace sinter {
namespace {

constexpr int most_sweeps = 100;

const ValueId* bound(const Match::Bindings& bindings, const Pattern& part) {
  const auto found = std::ranges::find(bindings, part.identity(), &Match::Bindings::value_type::first);
  return found == bindings.end() ? nullptr : &found->second;
}

// Matching is a search with goals still to be met, so that a choice made for one operand of a commutative op
// can be taken back when a later goal fails or the rule refuses the match.
class Matcher {
 public:
  Matcher(Graph& graph, const Rule& rule, ValueId root) : graph_(graph), rule_(rule), root_(root) {}

  OptionalValue replacement() { return solve({{rule_.pattern, root_}}, {}); }

 private:
  using Goals = std::vector<std::pair<Pattern, ValueId>>;

  OptionalValue solve(Goals goals, Match::Bindings bindings) {
    if (goals.empty()) return rule_.replacement(Match(graph_, root_, std::move(bindings)));
    const auto [part, value] = goals.back();
    goals.pop_back();
    if (!value.valid()) return std::nullopt;
    if (const ValueId* before = bound(bindings, part))
      return *before == value ? solve(std::move(goals), std::move(bindings)) : std::nullopt;
    bindings.emplace_back(part.identity(), value);
    const ValueInfo& info = graph_.info(value);
    switch ((*part).kind) {
      case Pattern::Kind::any:
        return solve(std::move(goals), std::move(bindings));
      case Pattern::Kind::scalar_constant:
        if (info.kind != ValueKind::constant || info.constant.count() != 1) return std::nullopt;
        return solve(std::move(goals), std::move(bindings));
      case Pattern::Kind::op:
        return solve_op(*part, info, goals, bindings);
    }
    return std::nullopt;
  }

  OptionalValue solve_op(const Pattern::Data& part, const ValueInfo& info, const Goals& goals,
                         const Match::Bindings& bindings) {
    if (info.kind != ValueKind::result || info.result_index != 0) return std::nullopt;
    const Node& node = graph_.node(info.node);
    if (node.op != part.op || node.operands.size() != part.operands.size()) return std::nullopt;
    const auto operands = node.operands;  // a copy: a replacement makes the graph grow
    const auto matched_to = [&](std::span<const ValueId> values) {
      Goals extended = goals;
      for (size_t i = 0; i < values.size(); ++i) extended.emplace_back(part.operands[i], values[i]);
      return solve(std::move(extended), bindings);
    };
    if (const auto found = matched_to(operands)) return found;
    if (!op_def(part.op).commutative) return std::nullopt;
    return matched_to(std::vector{operands[1], operands[0]});
  }

  Graph& graph_;
  const Rule& rule_;
  ValueId root_;
};

OptionalValue apply_first(Graph& graph, std::span<const Rule> rules, ValueId root) {
  for (const Rule& rule : rules) {
    const auto replacement = Matcher(graph, rule, root).replacement();
    if (!replacement) continue;
    require(replacement->type() == graph.type(root), "a rewrite keeps the type of what it replaces");
    return replacement;
  }
  return std::nullopt;
}

bool sweep(Graph& graph, std::span<const Rule> rules) {
  bool changed = false;
  GraphCopy copy(graph);
  for (const Node& node : graph.nodes()) {
    const Value root = copy.node(node).front();
    copy.graph().at({.node = node.source});
    if (const auto replacement = apply_first(copy.graph(), rules, root.id())) {
      copy.replace(node.results.front(), *replacement);
      changed = true;
    }
  }
  if (!changed) return false;
  graph = copy.finish();
  remove_dead_nodes(graph, {});  // else what was replaced would match again
  return true;
}

}  // namespace

Pattern any() { return Pattern({Pattern::Kind::any, {}, {}}); }
Pattern scalar_constant() { return Pattern({Pattern::Kind::scalar_constant, {}, {}}); }

Pattern pattern(OpKind op, std::vector<Pattern> operands) {
  return Pattern({Pattern::Kind::op, op, std::move(operands)});
}

Value Match::operator[](const Pattern& part) const {
  const ValueId* value = bound(bindings_, part);
  require(value != nullptr, "a part of the pattern that matched");
  return graph_->value(*value);
}

double Match::scalar(const Pattern& part) const { return graph_->info((*this)[part].id()).constant.at(0); }

const Node& Match::node(const Pattern& part) const {
  return graph_->node(graph_->info((*this)[part].id()).node);
}

bool rewrite(Graph& graph, std::span<const Rule> rules) {
  for (int i = 0; i < most_sweeps; ++i)
    if (!sweep(graph, rules)) return i > 0;
  throw InternalError("rewrite rules do not come to an end", std::source_location::current());
}

}  // namespace sinter
