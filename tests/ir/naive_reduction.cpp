#include <algorithm>

#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

void sum_to(const Attributes&, const Operands& x, Operands& y) {
  for_each_index(x[0].shape, [&](const Index& i) {
    Index to(i.end() - static_cast<int64_t>(y[0].shape.size()), i.end());
    for (size_t d = 0; d < to.size(); ++d)
      if (y[0].shape[d] == 1) to[d] = 0;
    y[0].at(to) += x[0].at(i);
  });
}

// Where element `i` of x goes when `axes` (empty: all) are reduced.
Index reduced(const Index& i, const Index& axes, bool keepdims) {
  Index to;
  for (size_t d = 0; d < i.size(); ++d) {
    const auto rank = static_cast<int64_t>(i.size()), axis = static_cast<int64_t>(d);
    const bool gone = axes.empty() || std::ranges::count(axes, axis) || std::ranges::count(axes, axis - rank);
    if (!gone) to.push_back(i[d]);
    if (gone && keepdims) to.push_back(0);
  }
  return to;
}

void sum(const Attributes& a, const Operands& x, Operands& y) {
  for_each_index(x[0].shape, [&](const Index& i) {
    y[0].at(reduced(i, a.ints("axes"), a.boolean("keepdims"))) += x[0].at(i);
  });
}

void mean(const Attributes& a, const Operands& x, Operands& y) {
  sum(a, x, y);
  for (double& value : y[0].data)
    value /= static_cast<double>(x[0].data.size()) / static_cast<double>(y[0].data.size());
}

void argmax(const Attributes& a, const Operands& x, Operands& y) {
  const int64_t axis = positive_axis(a.integer("axis"), x[0]);
  for_each_index(x[0].shape, [&](const Index& i) {
    Index best = i;
    double& found = y[0].at(reduced(i, {axis}, a.boolean("keepdims")));
    best[axis] = static_cast<int64_t>(found);
    if (x[0].at(i) > x[0].at(best)) found = static_cast<double>(i[axis]);
  });
}

}  // namespace

NaiveOps naive_reduction() {
  return {
      {OpKind::sum_to, sum_to},
      {OpKind::sum, sum},
      {OpKind::mean, mean},
      {OpKind::argmax, argmax},
  };
}

}  // namespace sinter
