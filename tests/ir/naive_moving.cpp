#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

void transpose(const Attributes& a, const Operands& x, Operands& y) {
  for_each_index(y[0].shape, [&](const Index& i) {
    Index from(i.size());
    for (size_t d = 0; d < i.size(); ++d) from[a.ints("permutation")[d]] = i[d];
    y[0].at(i) = x[0].at(from);
  });
}

void broadcast_to(const Attributes&, const Operands& x, Operands& y) {
  for_each_index(y[0].shape, [&](const Index& i) { y[0].at(i) = x[0].broadcast(i); });
}

void concat(const Attributes& a, const Operands& x, Operands& y) {
  const int64_t axis = positive_axis(a.integer("axis"), y[0]);
  int64_t before = 0;
  for (const Array& each : x) {
    for_each_index(each.shape, [&](const Index& i) {
      Index to = i;
      to[axis] += before;
      y[0].at(to) = each.at(i);
    });
    before += each.shape[axis];
  }
}

// Where element `i` of a slice stands in the whole.
Index sliced(const Attributes& a, Index i, int64_t axis) {
  i[axis] = a.integer("start") + i[axis] * a.integer("step");
  return i;
}

void slice(const Attributes& a, const Operands& x, Operands& y) {
  const int64_t axis = positive_axis(a.integer("axis"), y[0]);
  for_each_index(y[0].shape, [&](const Index& i) { y[0].at(i) = x[0].at(sliced(a, i, axis)); });
}

void slice_backward(const Attributes& a, const Operands& x, Operands& y) {
  const int64_t axis = positive_axis(a.integer("axis"), y[0]);
  for_each_index(x[0].shape, [&](const Index& i) { y[0].at(sliced(a, i, axis)) = x[0].at(i); });
}

}  // namespace

NaiveOps naive_moving() {
  return {
      {OpKind::flatten, copy_elements},
      {OpKind::reshape, copy_elements},
      {OpKind::reorder, copy_elements},
      {OpKind::transpose, transpose},
      {OpKind::concat, concat},
      {OpKind::slice, slice},
      {OpKind::slice_backward, slice_backward},
      {OpKind::broadcast_to, broadcast_to},
  };
}

}  // namespace sinter
