#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ir/build.h"

/// Rewrite rules: say what the pattern looks like, and let one engine find it.
///
///   const auto x = any(), c = scalar_constant();
///   rewrite(graph, {{pattern(OpKind::maximum, {x, pattern(OpKind::mul, {x, c})}), [=](const Match& m) ->
///   OptionalValue {
///     if (m.scalar(c) > 1) return std::nullopt;  // no match: leave the graph alone
///     return leaky_relu(m[x], {.alpha = m.scalar(c)});
///   }}});
///
/// A pattern used twice means the same value twice. Operands of commutative ops match in either order.
namespace sinter {

/// Part of a pattern, and the name of what it matched.
class Pattern {
 public:
  enum class Kind : uint8_t { any, scalar_constant, op };

  struct Data {
    Kind kind;
    OpKind op;
    std::vector<Pattern> operands;
  };

  explicit Pattern(Data data) : data_(std::make_shared<const Data>(std::move(data))) {}
  const Data& operator*() const { return *data_; }
  /// Patterns are told apart by identity: a copy is the same pattern.
  const Data* identity() const { return data_.get(); }

 private:
  std::shared_ptr<const Data> data_;
};

/// Any value.
Pattern any();
/// A constant of one element.
Pattern scalar_constant();
/// The only or first result of such a node, with exactly these operands.
Pattern pattern(OpKind op, std::vector<Pattern> operands);

/// What each part of a pattern matched.
class Match {
 public:
  using Bindings = std::vector<std::pair<const Pattern::Data*, ValueId>>;

  Match(Graph& graph, ValueId root, Bindings bindings)
      : graph_(&graph), root_(root), bindings_(std::move(bindings)) {}
  Value operator[](const Pattern& part) const;
  /// The value of a scalar_constant().
  double scalar(const Pattern& part) const;
  /// The node that an op pattern matched.
  const Node& node(const Pattern& part) const;
  Graph& graph() const { return *graph_; }
  /// The value to be replaced.
  Value root() const { return graph_->value(root_); }

 private:
  Graph* graph_;
  ValueId root_;
  Bindings bindings_;
};

/// What to put in the place of a match; nothing: leave it. The replacement has the type of what it replaces.
using Replacement = std::function<OptionalValue(const Match&)>;

struct Rule {
  Pattern pattern;
  Replacement replacement;
};

/// Applies the rules, first fit first, until none applies. Bodies are not entered. True if the graph changed.
/// Throws InternalError if the rules do not come to an end.
bool rewrite(Graph& graph, std::span<const Rule> rules);

}  // namespace sinter
