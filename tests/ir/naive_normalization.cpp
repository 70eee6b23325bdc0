#include <cmath>

#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

double element(const Operands& x, size_t operand, int64_t i, double fallback) {
  return operand < x.size() && x[operand].present ? x[operand].data[i] : fallback;
}

double mean_of_channel(const Array& x, int64_t channel, const std::function<double(double)>& f) {
  double sum = 0, count = 0;
  Array copy = x;
  for_each_index(x.shape, [&](const Index& i) {
    if (i[1] != channel) return;
    sum += f(copy.at(i));
    ++count;
  });
  return sum / count;
}

void batch_norm(const Attributes& a, const Operands& x, Operands& y) {
  Array image = x[0];
  for_each_index(x[0].shape, [&](const Index& i) {
    const int64_t c = i[1];
    y[0].at(i) =
        (image.at(i) - x[1].data[c]) / std::sqrt(x[2].data[c] + a.real("epsilon")) * element(x, 3, c, 1) +
        element(x, 4, c, 0);
  });
}

void batch_norm_training(const Attributes& a, const Operands& x, Operands& y) {
  for (int64_t c = 0; c < x[0].shape[1]; ++c) {
    const double mean = mean_of_channel(x[0], c, [](double v) { return v; });
    y[1].data[c] = mean;
    y[2].data[c] = mean_of_channel(x[0], c, [&](double v) { return (v - mean) * (v - mean); });
  }
  Array image = x[0];
  for_each_index(x[0].shape, [&](const Index& i) {
    const int64_t c = i[1];
    y[0].at(i) =
        (image.at(i) - y[1].data[c]) / std::sqrt(y[2].data[c] + a.real("epsilon")) * element(x, 1, c, 1) +
        element(x, 2, c, 0);
  });
}

void batch_norm_backward(const Attributes& a, const Operands& x, Operands& y) {
  Array dy = x[0], image = x[1];
  const auto deviation = [&](int64_t c) { return std::sqrt(x[3].data[c] + a.real("epsilon")); };
  const auto normalized = [&](const Index& i) { return (image.at(i) - x[2].data[i[1]]) / deviation(i[1]); };
  for_each_index(dy.shape, [&](const Index& i) {
    y[1].data[i[1]] += dy.at(i) * normalized(i);
    y[2].data[i[1]] += dy.at(i);
  });
  const double count = static_cast<double>(dy.shape[0] * dy.shape[2] * dy.shape[3]);
  for_each_index(dy.shape, [&](const Index& i) {
    const int64_t c = i[1];
    y[0].at(i) = element(x, 4, c, 1) / deviation(c) *
                 (dy.at(i) - y[2].data[c] / count - normalized(i) * y[1].data[c] / count);
  });
}

}  // namespace

NaiveOps naive_normalization() {
  return {
      {OpKind::batch_norm, batch_norm},
      {OpKind::batch_norm_training, batch_norm_training},
      {OpKind::batch_norm_backward, batch_norm_backward},
  };
}

}  // namespace sinter
