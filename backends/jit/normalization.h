#pragma once

#include "backends/jit/normalization_body.h"
#include "backends/jit/walk.h"

namespace sinter::jit {

/// The arithmetic of batch normalisation and of its gradient: two sums for each channel, from these a few
/// coefficients, and with them every element. Channels' values are f32, sums f64.
class Normalization {
 public:
  using Exprs = std::vector<Expr>;
  /// The present channel's element of an operand of the op, or of a result.
  using Channels = std::function<Expr(size_t)>;
  using Store = std::function<void(size_t result, Expr value)>;

  /// `count`: values of a channel.
  Normalization(const Node& norm, double count)
      : op_(norm.op), epsilon_(norm.attributes.real("epsilon")), share_(1 / count) {}

  bool has_sums() const { return op_ != OpKind::batch_norm; }
  /// What distances are taken from, in f64: the mean where it is known, else the channel's first value.
  /// Any finite value makes the variance right; one of the channel's keeps the squares small.
  Expr center(const Channels& operand, const std::function<Expr()>& first) const;
  /// What is added up: for an element of x and, in the gradient, of dy.
  Exprs terms(Expr x, const std::optional<Expr>& dy, Expr center) const;
  /// Stores the results that belong to channels. `weight` and `bias` are operands that may be missing.
  Exprs coefficients(const Channels& operand, const std::function<bool(size_t)>& has, const Exprs& sums,
                     const std::optional<Expr>& center, const Store& store) const;
  /// How many coefficients there are.
  size_t coefficient_count(const std::function<bool(size_t)>& has) const;
  /// An element of the first result.
  Expr made(Expr x, const std::optional<Expr>& dy, const Exprs& coefficients) const;

 private:
  Expr scale_of(Expr variance, const std::optional<Expr>& weight) const;
  Exprs forward(Expr mean, Expr variance, size_t weight, const Channels& operand,
                const std::function<bool(size_t)>& has) const;

  OpKind op_;
  double epsilon_, share_;
};

}  // namespace sinter::jit
