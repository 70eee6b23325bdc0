#include <algorithm>
#include <cmath>

#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

void sgd_update(const Attributes& a, const Operands& x, Operands& y) {
  const bool keeps = x.size() > 3 && x[3].present;
  const bool applies = x.size() < 5 || !x[4].present || x[4].data[0] != 0;
  for (size_t i = 0; i < x[0].data.size(); ++i) {
    const double parameter = x[0].data[i], velocity = keeps ? x[3].data[i] : 0;
    const double d = x[1].data[i] + a.real("weight_decay") * parameter;
    const double moved = a.real("momentum") * velocity + d;
    const double step = a.boolean("nesterov") ? d + a.real("momentum") * moved : moved;
    y[0].data[i] = applies ? parameter - x[2].data[0] * step : parameter;
    if (keeps) y[1].data[i] = applies ? moved : velocity;
  }
}

// Whether operand i, the last, lets the update happen.
bool applies(const Operands& x, size_t i) { return x.size() <= i || !x[i].present || x[i].data[0] != 0; }

void adam_update(const Attributes& a, const Operands& x, Operands& y) {
  const double b1 = a.real("beta1"), b2 = a.real("beta2"), lr = x[2].data[0], decay = a.real("weight_decay");
  for (size_t i = 0; i < x[0].data.size(); ++i) {
    double parameter = x[0].data[i], d = x[1].data[i];
    if (a.boolean("decoupled"))
      parameter -= lr * decay * parameter;
    else
      d += decay * parameter;
    const double mean = b1 * x[3].data[i] + (1 - b1) * d, square = b2 * x[4].data[i] + (1 - b2) * d * d;
    const double mean_hat = mean / x[5].data[0], square_hat = square / x[6].data[0];
    const bool go = applies(x, 7);
    y[0].data[i] = go ? parameter - lr * mean_hat / (std::sqrt(square_hat) + a.real("eps")) : x[0].data[i];
    y[1].data[i] = go ? mean : x[3].data[i];
    y[2].data[i] = go ? square : x[4].data[i];
  }
}

void rmsprop_update(const Attributes& a, const Operands& x, Operands& y) {
  const double alpha = a.real("alpha");
  const bool moves = x.size() > 4 && x[4].present, centered = x.size() > 5 && x[5].present;
  for (size_t i = 0; i < x[0].data.size(); ++i) {
    const double d = x[1].data[i] + a.real("weight_decay") * x[0].data[i];
    const double square = alpha * x[3].data[i] + (1 - alpha) * d * d;
    const double average = centered ? alpha * x[5].data[i] + (1 - alpha) * d : 0;
    const double deviation = std::sqrt(std::max(0.0, square - average * average));
    const double step = (moves ? a.real("momentum") * x[4].data[i] : 0) + d / (deviation + a.real("eps"));
    const bool go = applies(x, 6);
    y[0].data[i] = go ? x[0].data[i] - x[2].data[0] * step : x[0].data[i];
    y[1].data[i] = go ? square : x[3].data[i];
    if (moves) y[2].data[i] = go ? step : x[4].data[i];
    if (centered) y[moves ? 3 : 2].data[i] = go ? average : x[5].data[i];
  }
}

}  // namespace

NaiveOps naive_optimizer() {
  return {
      {OpKind::sgd_update, sgd_update},
      {OpKind::adam_update, adam_update},
      {OpKind::rmsprop_update, rmsprop_update},
  };
}

}  // namespace sinter
