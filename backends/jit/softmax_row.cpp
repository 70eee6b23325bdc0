#include "backends/jit/softmax_row.h"

#include <limits>

namespace sinter::jit {
namespace {

constexpr double least = -std::numeric_limits<double>::infinity();

int64_t whole_vectors(int64_t elements) { return (elements + vector_size - 1) / vector_size * vector_size; }

}  // namespace

SoftmaxRow::SoftmaxRow(KernelBuilder& k, Nest& nest, size_t axis, int64_t size, Holds holds)
    : k_(&k),
      nest_(&nest),
      axis_(axis),
      holds_(holds),
      row_(k.workspace("row", DType::f32,
                       nest.lanes_are_reduced() ? whole_vectors(size) : size * vector_size)) {}

Access SoftmaxRow::place() const {
  const Index position = nest_->position(axis_);
  return {.buffer = row_, .index = nest_->lanes_are_reduced() ? position : position * vector_size};
}

Expr SoftmaxRow::value() const { return k_->load(place(), nest_->vector()); }

// Lanes behind the end of the row are no part of it.
Expr SoftmaxRow::or_least(Expr value) const {
  if (!nest_->lanes_are_reduced() || !nest_->count()) return value;
  const Expr zero = k_->number(DType::f32, 0, true), one = k_->number(DType::f32, 1, true);
  const Expr is_there = k_->apply(Op::not_equal, {k_->first_lanes(one, *nest_->count()), zero});
  return select(is_there, value, k_->number(DType::f32, least, true));
}

void SoftmaxRow::read(BufferId x, size_t view) {
  const TileHandle top = k_->tile("top", DType::f32, row_is_vector(), {});
  const TileHandle total = k_->tile("total", DType::f64, row_is_vector(), {});
  top.set({}, k_->number(DType::f32, least, row_is_vector()));
  total.set({}, k_->number(DType::f64, 0, row_is_vector()));
  nest_->over_reduced(*k_, [&] {
    const Expr value = k_->let("x", or_least(nest_->load(*k_, x, view)));
    k_->store(place(), value);
    top.set({}, maximum(top(), value));
  });
  const bool joined = nest_->lanes_are_reduced();
  const Expr shift = shift_.emplace(k_->let("shift", joined ? k_->apply(Op::max_lanes, {top()}) : top()));
  nest_->over_reduced(*k_, [&] {
    const Expr shifted = k_->let("shifted", value() - shift);
    const Expr exponential = k_->let("exponential", k_->apply(Op::exponential, {shifted}));
    k_->store(place(), holds_ == Holds::shifted ? shifted : exponential);
    total.set({}, total() + k_->cast(exponential, DType::f64));
  });
  sum_ = k_->tile("sum", DType::f32, !joined && row_is_vector(), {});
  sum_->set({}, k_->cast(joined ? k_->apply(Op::sum_lanes, {total()}) : total(), DType::f32));
}

Expr SoftmaxRow::sum() const { return (*sum_)(); }

}  // namespace sinter::jit
