#include <cmath>

#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

double log_softmax_at(const Array& x, Index i, int64_t axis) {
  const double own = x.at(i);
  double total = 0;
  for (i[axis] = 0; i[axis] < x.shape[axis]; ++i[axis]) total += std::exp(x.at(i));
  return own - std::log(total);
}

void log_softmax(const Attributes& a, const Operands& x, Operands& y) {
  const int64_t axis = positive_axis(a.integer("axis"), x[0]);
  for_each_index(y[0].shape, [&](const Index& i) { y[0].at(i) = log_softmax_at(x[0], i, axis); });
}

void softmax(const Attributes& a, const Operands& x, Operands& y) {
  log_softmax(a, x, y);
  for (double& value : y[0].data) value = std::exp(value);
}

// What the probability of class c in row n should be.
double wanted(const Attributes& a, const Operands& x, int64_t n, int64_t c) {
  const double one_hot = x[1].data[n] == static_cast<double>(c), smoothing = a.real("label_smoothing");
  return (1 - smoothing) * one_hot + smoothing / static_cast<double>(x[0].shape[1]);
}

void softmax_cross_entropy(const Attributes& a, const Operands& x, Operands& y) {
  const bool each = a.word("reduction") == "none";
  const int64_t rows = x[0].shape[0], classes = x[0].shape[1];
  for (int64_t n = 0; n < rows; ++n)
    for (int64_t c = 0; c < classes; ++c)
      y[0].data[each ? n : 0] -= wanted(a, x, n, c) * log_softmax_at(x[0], {n, c}, 1);
  if (a.word("reduction") == "mean") y[0].data[0] /= static_cast<double>(rows);
}

void softmax_cross_entropy_backward(const Attributes& a, const Operands& x, Operands& y) {
  const double share =
      a.real("scale") / (a.word("reduction") == "mean" ? static_cast<double>(x[0].shape[0]) : 1);
  for_each_index(y[0].shape, [&](const Index& i) {
    y[0].at(i) =
        (std::exp(log_softmax_at(x[0], i, 1)) - wanted(a, x, i[0], i[1])) * share * x[2].broadcast({i[0]});
  });
}

void mse_loss(const Attributes& a, const Operands& x, Operands& y) {
  for (size_t i = 0; i < x[0].data.size(); ++i)
    y[0].data[a.word("reduction") == "none" ? i : 0] += std::pow(x[0].data[i] - x[1].data[i], 2);
  if (a.word("reduction") == "mean") y[0].data[0] /= static_cast<double>(x[0].data.size());
}

}  // namespace

NaiveOps naive_loss() {
  return {
      {OpKind::softmax, softmax},
      {OpKind::log_softmax, log_softmax},
      {OpKind::softmax_cross_entropy, softmax_cross_entropy},
      {OpKind::softmax_cross_entropy_backward, softmax_cross_entropy_backward},
      {OpKind::mse_loss, mse_loss},
  };
}

}  // namespace sinter
