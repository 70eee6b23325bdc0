#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

// f(image, output channel, input channel of the weight, of x, p, q, kernel row, kernel column, h, w) for
// every tap.
template <typename F>
void for_each_tap(const Attributes& a, const Index& x, const Index& weight, const Index& y, F f) {
  const Ints &stride = a.ints("stride"), &padding = a.ints("padding"), &dilation = a.ints("dilation");
  const int64_t of_group = weight[0] / a.integer("groups");
  for_each_index({y[0], weight[0], weight[1], y[2], y[3], weight[2], weight[3]}, [&](const Index& i) {
    const int64_t h = i[3] * stride[0] + i[5] * dilation[0] - padding[0];
    const int64_t w = i[4] * stride[1] + i[6] * dilation[1] - padding[1];
    const int64_t channel = i[1] / of_group * weight[1] + i[2];
    if (h >= 0 && h < x[2] && w >= 0 && w < x[3]) f(i[0], i[1], i[2], channel, i[3], i[4], i[5], i[6], h, w);
  });
}

void conv2d(const Attributes& a, const Operands& x, Operands& y) {
  for_each_index(y[0].shape,
                 [&](const Index& i) { y[0].at(i) = x.size() > 2 && x[2].present ? x[2].data[i[1]] : 0; });
  for_each_tap(a, x[0].shape, x[1].shape, y[0].shape,
               [&](auto n, auto o, auto c, auto xc, auto p, auto q, auto i, auto j, auto h, auto w) {
                 y[0].at({n, o, p, q}) += x[0].at({n, xc, h, w}) * x[1].at({o, c, i, j});
               });
}

void conv2d_backward_data(const Attributes& a, const Operands& x, Operands& y) {
  for_each_tap(a, y[0].shape, x[1].shape, x[0].shape,
               [&](auto n, auto o, auto c, auto xc, auto p, auto q, auto i, auto j, auto h, auto w) {
                 y[0].at({n, xc, h, w}) += x[0].at({n, o, p, q}) * x[1].at({o, c, i, j});
               });
}

void conv2d_backward_weights(const Attributes& a, const Operands& x, Operands& y) {
  for_each_tap(a, x[0].shape, y[0].shape, x[1].shape,
               [&](auto n, auto o, auto c, auto xc, auto p, auto q, auto i, auto j, auto h, auto w) {
                 y[0].at({o, c, i, j}) += x[0].at({n, xc, h, w}) * x[1].at({n, o, p, q});
               });
}

void linear(const Attributes&, const Operands& x, Operands& y) {
  for_each_index(y[0].shape, [&](const Index& at) {
    Index from = at;
    double total = x.size() > 2 && x[2].present ? x[2].data[at.back()] : 0;
    for (from.back() = 0; from.back() < x[1].shape[1]; ++from.back())
      total += x[0].at(from) * x[1].at({at.back(), from.back()});
    y[0].at(at) = total;
  });
}

void matmul(const Attributes& a, const Operands& x, Operands& y) {
  const bool ta = a.boolean("transpose_a"), tb = a.boolean("transpose_b");
  const int64_t depth = x[0].shape[x[0].shape.size() - (ta ? 2 : 1)];
  for_each_index(y[0].shape, [&](const Index& at) {
    const size_t rank = at.size();
    double total = 0;
    for (int64_t k = 0; k < depth; ++k) {
      Index left = at, right = at;
      left[rank - 2] = ta ? k : at[rank - 2];
      left[rank - 1] = ta ? at[rank - 2] : k;
      right[rank - 2] = tb ? at[rank - 1] : k;
      right[rank - 1] = tb ? k : at[rank - 1];
      total += x[0].broadcast(left) * x[1].broadcast(right);
    }
    y[0].at(at) = total;
  });
}

}  // namespace

NaiveOps naive_products() {
  return {
      {OpKind::conv2d, conv2d},
      {OpKind::conv2d_backward_data, conv2d_backward_data},
      {OpKind::conv2d_backward_weights, conv2d_backward_weights},
      {OpKind::linear, linear},
      {OpKind::matmul, matmul},
  };
}

}  // namespace sinter
