#include "backends/jit/pool_taps.h"

#include <limits>

#include "ir/op_table.h"

namespace sinter::jit {

PoolTaps::PoolTaps(KernelBuilder& builder, const Node& pool, const PoolSizes& windows)
    : builder_(&builder),
      is_mean_(pool.op == OpKind::avg_pool2d),
      windows_(windows),
      best_(builder.tile(is_mean_ ? "total" : "best", DType::f32, true, {})) {
  best_.set({}, builder.number(DType::f32, is_mean_ ? 0 : -std::numeric_limits<double>::infinity(), true));
  if (is_mean_) {
    if (pool.attributes.boolean("count_include_pad")) return;
    count_ = builder.tile("count", DType::f32, true, {});
    count_->set({}, builder.number(DType::f32, 0, true));
    return;
  }
  // Negative until there is an element: even -infinity beats none.
  place_ = builder.tile("place", DType::i32, true, {});
  place_->set({}, builder.number(DType::i32, -1, true));
}

void PoolTaps::add(Expr element, const Index& i, const Index& j) const {
  KernelBuilder& k = *builder_;
  const Expr best = best_.read({});
  if (is_mean_) {
    best_.set({}, best + element);
    if (count_) count_->set({}, count_->read({}) + k.number(DType::f32, 1, true));
    return;
  }
  const Expr v = k.let("element", element);
  const Expr larger = k.apply(
      Op::logical_and,
      {k.apply(Op::logical_not, {k.apply(Op::less_equal, {v, best})}), k.apply(Op::equal, {best, best})});
  const Expr none = k.apply(Op::less, {place_->read({}), k.number(DType::i32, 0, true)});
  const Expr wins = k.let("wins", k.apply(Op::logical_or, {larger, none}));
  best_.set({}, select(wins, v, best));
  place_->set({},
              select(wins, k.apply(Op::splat, {k.index(DType::i32, i * windows_.kw + j)}), place_->read({})));
}

Expr PoolTaps::value() const {
  if (!is_mean_) return best_.read({});
  if (count_) return best_.read({}) / count_->read({});
  return best_.read({}) / builder_->number(DType::f32, static_cast<double>(windows_.kh * windows_.kw), true);
}

}  // namespace sinter::jit
