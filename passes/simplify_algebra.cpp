#include "passes/simplify_algebra.h"

#include <algorithm>
#include <cmath>

#include "passes/transpose_rules.h"

namespace sinter {
namespace {

// op(x, c) is x where c is `neutral`, its sign included: x - -0 makes +0 of -0.
Rule neutral_element(OpKind op, double neutral) {
  const auto x = any(), c = scalar_constant();
  return {pattern(op, {x, c}), [=](const Match& m) -> OptionalValue {
            const double value = m.scalar(c);
            if (value != neutral || std::signbit(value) || m[x].type() != m.root().type())
              return std::nullopt;
            return m[x];
          }};
}

// op(x) is x where it does not change the type.
Rule identity(OpKind op) {
  const auto x = any();
  return {pattern(op, {x}), [=](const Match& m) -> OptionalValue {
            if (m[x].type() != m.root().type()) return std::nullopt;
            return m[x];
          }};
}

// outer(inner(x)), both movements that keep the row-major order: one reshape.
Rule join_reshapes(OpKind outer, OpKind inner) {
  const auto x = any();
  return {pattern(outer, {pattern(inner, {x})}), [=](const Match& m) -> OptionalValue {
            const Shape shape = m.root().shape();
            if (!is_concrete(shape)) return std::nullopt;
            return reshape(m[x], sizes(shape));
          }};
}

// Both operands the same.
Rule idempotent(OpKind op) {
  const auto x = any();
  return {pattern(op, {x, x}), [=](const Match& m) -> OptionalValue { return m[x]; }};
}

Rule same_choice() {
  const auto condition = any(), x = any();
  return {pattern(OpKind::select, {condition, x, x}), [=](const Match& m) -> OptionalValue {
            if (m[x].type() != m.root().type()) return std::nullopt;
            return m[x];
          }};
}

Rule known_choice() {
  const auto condition = scalar_constant(), a = any(), b = any();
  return {pattern(OpKind::select, {condition, a, b}), [=](const Match& m) -> OptionalValue {
            const Value chosen = m.scalar(condition) != 0 ? m[a] : m[b];
            if (chosen.type() != m.root().type()) return std::nullopt;
            return chosen;
          }};
}

// Negation is exact: a + b * -1 is a - b, and a - b * -1 is a + b.
Rule absorb_negation(OpKind from, OpKind to) {
  const auto a = any(), b = any(), c = scalar_constant();
  return {pattern(from, {a, pattern(OpKind::mul, {b, c})}), [=](const Match& m) -> OptionalValue {
            if (m.scalar(c) != -1 || broadcast(m[a].shape(), m[b].shape()) != m.root().shape())
              return std::nullopt;
            return apply(to, {m[a], m[b]});
          }};
}

// Elementwise ops broadcast by themselves.
Rule drop_broadcast(OpKind op) {
  const auto a = any(), b = any(), repeated = pattern(OpKind::broadcast_to, {b});
  return {pattern(op, {a, repeated}), [=](const Match& m) -> OptionalValue {
            if (m[a].shape() != m.root().shape()) return std::nullopt;
            return apply(op, {m[a], m[b]});
          }};
}

}  // namespace

bool simplify_algebra(Graph& graph, const PassOptions&) {
  std::vector<Rule> rules = {
      neutral_element(OpKind::mul, 1),
      neutral_element(OpKind::div, 1),
      neutral_element(OpKind::sub, 0),
      join_transposes(),
      unmoved_transpose(),
      idempotent(OpKind::maximum),
      idempotent(OpKind::minimum),
      same_choice(),
      known_choice(),
      absorb_negation(OpKind::add, OpKind::sub),
      absorb_negation(OpKind::sub, OpKind::add),
  };
  for (const OpKind op : {OpKind::reshape, OpKind::flatten, OpKind::broadcast_to, OpKind::sum_to,
                          OpKind::cast, OpKind::dropout})
    rules.push_back(identity(op));
  for (const OpKind outer : {OpKind::reshape, OpKind::flatten})
    for (const OpKind inner : {OpKind::reshape, OpKind::flatten})
      rules.push_back(join_reshapes(outer, inner));
  for (const OpKind op : {OpKind::add, OpKind::mul}) rules.push_back(drop_broadcast(op));
  return rewrite(graph, rules);
}

}  // namespace sinter
