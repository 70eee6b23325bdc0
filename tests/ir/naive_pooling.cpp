#include <limits>

#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

bool averages(const Attributes& a) {
  return a.kind() == OpKind::avg_pool2d || a.kind() == OpKind::avg_pool2d_backward;
}

Ints pool_stride(const Attributes& a) {
  return a.ints("stride").empty() ? a.ints("kernel_size") : a.ints("stride");
}

// f(tap, h, w) for each tap of output (p, q) inside an input of that shape.
template <typename F>
void for_each_pool_tap(const Attributes& a, const Index& x, int64_t p, int64_t q, F f) {
  const Ints stride = pool_stride(a), kernel = a.ints("kernel_size"), padding = a.ints("padding");
  const Ints dilation = averages(a) ? Ints{1, 1} : a.ints("dilation");
  for (int64_t tap = 0; tap < kernel[0] * kernel[1]; ++tap) {
    const int64_t h = p * stride[0] + tap / kernel[1] * dilation[0] - padding[0];
    const int64_t w = q * stride[1] + tap % kernel[1] * dilation[1] - padding[1];
    if (h >= 0 && h < x[2] && w >= 0 && w < x[3]) f(tap, h, w);
  }
}

void max_pool2d(const Attributes& a, const Operands& x, Operands& y) {
  for_each_index(y[0].shape, [&](const Index& i) {
    double best = -std::numeric_limits<double>::infinity();
    for_each_pool_tap(a, x[0].shape, i[2], i[3], [&](int64_t tap, int64_t h, int64_t w) {
      if (!(x[0].at({i[0], i[1], h, w}) > best)) return;
      best = x[0].at({i[0], i[1], h, w});
      if (y.size() > 1) y[1].at(i) = static_cast<double>(tap);
    });
    y[0].at(i) = best;
  });
}

void max_pool2d_backward(const Attributes& a, const Operands& x, Operands& y) {
  for_each_index(x[0].shape, [&](const Index& i) {
    for_each_pool_tap(a, y[0].shape, i[2], i[3], [&](int64_t tap, int64_t h, int64_t w) {
      if (x[1].at(i) == static_cast<double>(tap)) y[0].at({i[0], i[1], h, w}) += x[0].at(i);
    });
  });
}

double pool_divisor(const Attributes& a, const Index& x, int64_t p, int64_t q) {
  double count = 0;
  if (a.boolean("count_include_pad")) {
    const Ints stride = pool_stride(a), kernel = a.ints("kernel_size"), padding = a.ints("padding");
    for (int64_t i = 0; i < kernel[0]; ++i)
      for (int64_t j = 0; j < kernel[1]; ++j) {
        const int64_t h = p * stride[0] + i - padding[0], w = q * stride[1] + j - padding[1];
        if (h < x[2] + padding[2] && w < x[3] + padding[3]) ++count;
      }
    return count;
  }
  for_each_pool_tap(a, x, p, q, [&](int64_t, int64_t, int64_t) { ++count; });
  return count;
}

void avg_pool2d(const Attributes& a, const Operands& x, Operands& y) {
  for_each_index(y[0].shape, [&](const Index& i) {
    for_each_pool_tap(a, x[0].shape, i[2], i[3], [&](int64_t, int64_t h, int64_t w) {
      y[0].at(i) += x[0].at({i[0], i[1], h, w}) / pool_divisor(a, x[0].shape, i[2], i[3]);
    });
  });
}

void avg_pool2d_backward(const Attributes& a, const Operands& x, Operands& y) {
  for_each_index(x[0].shape, [&](const Index& i) {
    for_each_pool_tap(a, y[0].shape, i[2], i[3], [&](int64_t, int64_t h, int64_t w) {
      y[0].at({i[0], i[1], h, w}) += x[0].at(i) / pool_divisor(a, y[0].shape, i[2], i[3]);
    });
  });
}

void global_avg_pool2d(const Attributes&, const Operands& x, Operands& y) {
  for_each_index(x[0].shape, [&](const Index& i) {
    y[0].at({i[0], i[1], 0, 0}) += x[0].at(i) / static_cast<double>(x[0].shape[2] * x[0].shape[3]);
  });
}

}  // namespace

NaiveOps naive_pooling() {
  return {
      {OpKind::max_pool2d, max_pool2d},
      {OpKind::max_pool2d_argmax, max_pool2d},
      {OpKind::max_pool2d_backward, max_pool2d_backward},
      {OpKind::avg_pool2d, avg_pool2d},
      {OpKind::avg_pool2d_backward, avg_pool2d_backward},
      {OpKind::global_avg_pool2d, global_avg_pool2d},
  };
}

}  // namespace sinter
