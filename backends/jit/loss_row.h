#pragma once

#include <optional>

#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// What the probability of a class should be: that of the label, and of the others.
struct Wanted {
  double own, other;

  Wanted(double label_smoothing, int64_t classes)
      : own(1 - label_smoothing + label_smoothing / static_cast<double>(classes)),
        other(label_smoothing / static_cast<double>(classes)) {}
};

/// A row's loss while its classes go by: log(sum of exponentials) - the shifted logits as they are wanted,
/// the label's alone without smoothing; with no such class it is NaN.
class RowLoss {
 public:
  RowLoss(KernelBuilder& k, bool vector, const Wanted& wanted);

  /// The present class: whether it is the label, and its logit less the row's maximum.
  void add(const Expr& is_label, const Expr& shifted);
  Expr value(const Expr& sum_of_exponentials) const;

 private:
  KernelBuilder* k_;
  bool vector_;
  Wanted wanted_;
  TileHandle own_;
  std::optional<TileHandle> all_;
};

/// The loss's gradient by a row's logits: (probability - wanted) * scale.
class RowGradient {
 public:
  RowGradient(KernelBuilder& k, const Expr& sum_of_exponentials, const Expr& scale, const Wanted& wanted);

  Expr at(const Expr& is_label, const Expr& exponential) const;

 private:
  Expr scale_, own_, other_, norm_;
};

}  // namespace sinter::jit
