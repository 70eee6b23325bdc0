#include "passes/transpose_rules.h"

#include <algorithm>

namespace sinter {

Rule join_transposes() {
  const auto x = any(), inner = pattern(OpKind::transpose, {x}), outer = pattern(OpKind::transpose, {inner});
  return {outer, [=](const Match& m) -> OptionalValue {
            const Ints first = m.node(inner).attributes.ints("permutation");
            const Ints second = m.node(outer).attributes.ints("permutation");
            Ints joined;
            for (const int64_t from : second) joined.push_back(first[from]);
            return transpose(m[x], joined);
          }};
}

Rule unmoved_transpose() {
  const auto x = any(), moved = pattern(OpKind::transpose, {x});
  return {moved, [=](const Match& m) -> OptionalValue {
            if (!std::ranges::is_sorted(m.node(moved).attributes.ints("permutation"))) return std::nullopt;
            return m[x];
          }};
}

}  // namespace sinter
