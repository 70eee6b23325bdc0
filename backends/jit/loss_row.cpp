#include "backends/jit/loss_row.h"

#include <limits>

namespace sinter::jit {

RowLoss::RowLoss(KernelBuilder& k, bool vector, const Wanted& wanted)
    : k_(&k), vector_(vector), wanted_(wanted), own_(k.tile("own", DType::f32, vector, {})) {
  own_.set({}, k.number(DType::f32, std::numeric_limits<double>::quiet_NaN(), vector));
  if (wanted.other == 0) return;
  all_.emplace(k.tile("all", DType::f32, vector, {}));
  all_->set({}, k.number(DType::f32, 0, vector));
}

void RowLoss::add(const Expr& is_label, const Expr& shifted) {
  own_.set({}, select(is_label, shifted, own_()));
  if (all_) all_->set({}, (*all_)() + shifted);
}

Expr RowLoss::value(const Expr& sum_of_exponentials) const {
  const auto number = [&](double value) { return k_->number(DType::f32, value, vector_); };
  Expr logit = own_();
  if (all_) logit = number(wanted_.own - wanted_.other) * own_() + number(wanted_.other) * (*all_)();
  return k_->apply(Op::logarithm, {sum_of_exponentials}) - logit;
}

RowGradient::RowGradient(KernelBuilder& k, const Expr& sum_of_exponentials, const Expr& scale,
                         const Wanted& wanted)
    : scale_(scale),
      own_(k.number(DType::f32, wanted.own, scale.is_vector())),
      other_(k.number(DType::f32, wanted.other, scale.is_vector())),
      norm_(k.let("norm", k.number(DType::f32, 1, scale.is_vector()) / sum_of_exponentials)) {}

Expr RowGradient::at(const Expr& is_label, const Expr& exponential) const {
  return (exponential * norm_ - select(is_label, own_, other_)) * scale_;
}

}  // namespace sinter::jit
