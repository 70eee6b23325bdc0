#include "tests/ir/naive_ops.h"

#include <algorithm>

namespace sinter {

NaiveOp elementwise(std::function<double(double)> f) {
  return [f](const Attributes&, const Operands& x, Operands& y) {
    std::ranges::transform(x[0].data, y[0].data.begin(), f);
  };
}

void copy_elements(const Attributes&, const Operands& x, Operands& y) { y[0].data = x[0].data; }

const NaiveOps& naive_ops() {
  static const NaiveOps ops = [] {
    NaiveOps all;
    all.merge(naive_products());
    all.merge(naive_pooling());
    all.merge(naive_elementwise());
    all.merge(naive_activation());
    all.merge(naive_moving());
    all.merge(naive_reduction());
    all.merge(naive_loss());
    all.merge(naive_optimizer());
    all.merge(naive_normalization());
    all.merge(naive_spatial());
    return all;
  }();
  return ops;
}

}  // namespace sinter
