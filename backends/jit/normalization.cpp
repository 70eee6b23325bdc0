#include "backends/jit/normalization.h"

#include <limits>

namespace sinter::jit {
namespace {

constexpr size_t dy_mean = 2, dy_variance = 3, dy_weight = 4;  // operands of the gradient

Expr number_like(Expr like, double value) { return Walk::number_like(like, value); }
Expr in(DType dtype, Expr x) { return x.builder().cast(x, dtype); }
Expr let(const char* name, Expr x) { return x.builder().let(name, x); }

}  // namespace

Expr Normalization::center(const Channels& operand, const std::function<Expr()>& first) const {
  if (op_ == OpKind::batch_norm_backward) return let("mean", in(DType::f64, operand(dy_mean)));
  const Expr x = first();
  KernelBuilder& k = x.builder();
  const Expr is_finite = k.apply(
      Op::less, {k.apply(Op::absolute, {x}), number_like(x, std::numeric_limits<double>::infinity())});
  return let("center", in(DType::f64, select(is_finite, x, number_like(x, 0))));
}

Normalization::Exprs Normalization::terms(Expr x, const std::optional<Expr>& dy, Expr center) const {
  const Expr distance = let("distance", in(DType::f64, x) - center);
  const Expr factor = dy ? let("dy", in(DType::f64, *dy)) : distance;
  return {factor, factor * distance};
}

Expr Normalization::scale_of(Expr variance, const std::optional<Expr>& weight) const {
  const Expr deviation =
      variance.builder().apply(Op::square_root, {variance + number_like(variance, epsilon_)});
  return (weight ? *weight : number_like(variance, 1)) / deviation;
}

size_t Normalization::coefficient_count(const std::function<bool(size_t)>& has) const {
  if (op_ == OpKind::batch_norm_backward) return 4;
  return 2 + static_cast<size_t>(has(op_ == OpKind::batch_norm ? 4 : 2));
}

Normalization::Exprs Normalization::forward(Expr mean, Expr variance, size_t weight, const Channels& operand,
                                            const std::function<bool(size_t)>& has) const {
  const size_t bias = weight + 1;
  const Expr scale = scale_of(variance, has(weight) ? std::optional(operand(weight)) : std::nullopt);
  Exprs coefficients = {mean, let("scale", scale)};
  if (has(bias)) coefficients.push_back(operand(bias));
  return coefficients;
}

// Of the batch: mean = center + s / n, variance = q / n - (s / n)^2 for the sums s of the distances and q of
// their squares.
Normalization::Exprs Normalization::coefficients(const Channels& operand,
                                                 const std::function<bool(size_t)>& has, const Exprs& sums,
                                                 const std::optional<Expr>& center,
                                                 const Store& store) const {
  if (op_ == OpKind::batch_norm) return forward(operand(1), operand(2), 3, operand, has);
  const Expr share = number_like(sums[0], share_);
  if (op_ == OpKind::batch_norm_training) {
    const Expr shift = let("shift", sums[0] * share);
    const Expr mean = let("mean", in(DType::f32, *center + shift));
    const Expr squares = maximum(sums[1] * share - shift * shift, number_like(shift, 0));
    const Expr variance = let("variance", in(DType::f32, squares));
    store(1, mean);
    store(2, variance);
    return forward(mean, variance, 1, operand, has);
  }
  const Expr variance = in(DType::f64, operand(dy_variance));
  const Expr inverse = let("inverse", scale_of(variance, {}));
  const Expr dweight = let("dweight", sums[1] * inverse);
  store(1, dweight);
  store(2, sums[0]);
  const Expr scale = has(dy_weight) ? inverse * in(DType::f64, operand(dy_weight)) : inverse;
  return {let("mean", operand(dy_mean)), let("scale", in(DType::f32, scale)),
          let("constant", in(DType::f32, sums[0] * share)),
          let("slope", in(DType::f32, dweight * inverse * share))};
}

// dx = scale * (dy - constant - (x - mean) * slope)
Expr Normalization::made(Expr x, const std::optional<Expr>& dy, const Exprs& c) const {
  const Expr distance = x - c[0];
  if (dy) return c[1] * (*dy - c[2] - distance * c[3]);
  return c.size() > 2 ? multiply_add(distance, c[1], c[2]) : distance * c[1];
}

}  // namespace sinter::jit
