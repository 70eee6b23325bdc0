#include "tests/ir/naive_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/philox.h"
#include "tests/ir/naive_normalization.h"
#include "tests/ir/naive_spatial.h"

namespace sinter {

using Index = std::vector<int64_t>;

double& Array::at(const Index& index) {
  int64_t offset = 0;
  for (size_t d = 0; d < shape.size(); ++d) offset = offset * shape[d] + index[d];
  return data.at(offset);
}

double Array::broadcast(Index index) const {
  index.erase(index.begin(), index.end() - static_cast<int64_t>(shape.size()));
  for (size_t d = 0; d < shape.size(); ++d)
    if (shape[d] == 1) index[d] = 0;
  return at(index);
}

void for_each_index(const Index& shape, const std::function<void(const Index&)>& f) {
  if (std::ranges::count(shape, 0)) return;
  Index index(shape.size(), 0);
  while (true) {
    f(index);
    size_t d = shape.size();
    while (d > 0 && ++index[d - 1] == shape[d - 1]) index[--d] = 0;
    if (d == 0) return;
  }
}

namespace {

using Operands = std::vector<Array>;

int64_t positive_axis(int64_t axis, const Array& x) {
  return axis < 0 ? axis + static_cast<int64_t>(x.shape.size()) : axis;
}

NaiveOp elementwise(std::function<double(double)> f) {
  return [f](const Attributes&, const Operands& x, Operands& y) {
    std::ranges::transform(x[0].data, y[0].data.begin(), f);
  };
}

NaiveOp binary(std::function<double(double, double)> f) {
  return [f](const Attributes&, const Operands& x, Operands& y) {
    for_each_index(y[0].shape, [&](const Index& i) { y[0].at(i) = f(x[0].broadcast(i), x[1].broadcast(i)); });
  };
}

void copy_elements(const Attributes&, const Operands& x, Operands& y) { y[0].data = x[0].data; }

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

void compare(const Attributes& attributes, const Operands& x, Operands& y) {
  const std::string& predicate = attributes.word("predicate");
  for_each_index(y[0].shape, [&](const Index& i) {
    const double a = x[0].broadcast(i), b = x[1].broadcast(i);
    const bool less = a<b, greater = a> b;
    const std::map<std::string, bool> holds = {
        {"eq", !less && !greater}, {"ne", less || greater}, {"lt", less}, {"ge", !less},
        {"gt", greater},           {"le", !greater}};
    y[0].at(i) = holds.at(predicate);
  });
}

void select(const Attributes&, const Operands& x, Operands& y) {
  for_each_index(y[0].shape,
                 [&](const Index& i) { y[0].at(i) = x[x[0].broadcast(i) != 0 ? 1 : 2].broadcast(i); });
}

void cast(const Attributes& a, const Operands& x, Operands& y) {
  const std::map<DType, std::pair<double, double>> ranges = {{DType::i8, {-128, 127}},
                                                             {DType::u8, {0, 255}},
                                                             {DType::i32, {-0x1p31, 0x1p31 - 1}},
                                                             {DType::i64, {-0x1p63, 0x1p63}}};
  // Only floating values saturate; integers wrap around, which whoever stores the result does.
  const auto range = is_floating(x[0].dtype) ? ranges.find(a.dtype("dtype")) : ranges.end();
  std::ranges::transform(x[0].data, y[0].data.begin(), [&](double v) {
    return range == ranges.end() ? v : std::clamp(std::trunc(v), range->second.first, range->second.second);
  });
}

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

void sum_to(const Attributes&, const Operands& x, Operands& y) {
  for_each_index(x[0].shape, [&](const Index& i) {
    Index to(i.end() - static_cast<int64_t>(y[0].shape.size()), i.end());
    for (size_t d = 0; d < to.size(); ++d)
      if (y[0].shape[d] == 1) to[d] = 0;
    y[0].at(to) += x[0].at(i);
  });
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

// Each word from its own counter: the key is of seed and stream, the counter of block and sample.
void dropout_mask(const Attributes& a, const Operands& x, Operands& y) {
  const auto halves = [](uint64_t v) {
    return std::pair(static_cast<uint32_t>(v), static_cast<uint32_t>(v >> 32));
  };
  const auto [stream, stream_high] =
      halves(stream_id("dropout") + static_cast<uint64_t>(a.integer("stream")));
  const auto mixed =
      philox(static_cast<uint64_t>(static_cast<int64_t>(x[1].data[0])), {stream, stream_high, 0, 0});
  const uint64_t key = mixed[0] + (uint64_t{mixed[1]} << 32);
  const size_t each = x[0].data.empty() ? 0 : y[0].data.size() / x[0].data.size();
  for (size_t i = 0; i < y[0].data.size(); ++i) {
    const auto [low, high] = halves(static_cast<uint64_t>(static_cast<int64_t>(x[0].data[i / each])));
    const auto block = static_cast<uint32_t>(i % each / 4);
    const double uniform = philox(key, {block, 0, low, high})[i % each % 4] * 0x1p-32;
    y[0].data[i] = uniform < a.real("p") ? 0 : 1 / (1 - a.real("p"));
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
  const double share = a.word("reduction") == "mean" ? 1.0 / static_cast<double>(x[0].shape[0]) : 1;
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

double hard_sigmoid(double x) { return x <= -3 ? 0 : x >= 3 ? 1 : x / 6 + 0.5; }

void gelu(const Attributes& a, const Operands& x, Operands& y) {
  const double root = std::sqrt(2 / std::acos(-1.0));
  for (size_t i = 0; i < x[0].data.size(); ++i) {
    const double v = x[0].data[i];
    const double share = a.word("approximate") == "tanh" ? std::tanh(root * (v + 0.044715 * v * v * v))
                                                         : std::erf(v / std::sqrt(2.0));
    y[0].data[i] = v / 2 * (1 + share);
  }
}

void prelu(const Attributes&, const Operands& x, Operands& y) {
  Array from = x[0];
  for_each_index(x[0].shape, [&](const Index& i) {
    const double v = from.at(i), slope = x[1].data[x[1].data.size() == 1 ? 0 : i[1]];
    y[0].at(i) = v > 0 ? v : slope * v;
  });
}

}  // namespace

const std::map<OpKind, NaiveOp>& naive_ops() {
  static const std::map<OpKind, NaiveOp> ops = {
      {OpKind::conv2d, conv2d},
      {OpKind::conv2d_backward_data, conv2d_backward_data},
      {OpKind::conv2d_backward_weights, conv2d_backward_weights},
      {OpKind::linear, linear},
      {OpKind::matmul, matmul},
      {OpKind::max_pool2d, max_pool2d},
      {OpKind::max_pool2d_argmax, max_pool2d},
      {OpKind::max_pool2d_backward, max_pool2d_backward},
      {OpKind::avg_pool2d, avg_pool2d},
      {OpKind::avg_pool2d_backward, avg_pool2d_backward},
      {OpKind::global_avg_pool2d, global_avg_pool2d},
      {OpKind::relu, elementwise([](double x) { return std::max(x, 0.0); })},
      {OpKind::sigmoid, elementwise([](double x) { return 1 / (1 + std::exp(-x)); })},
      {OpKind::tanh, elementwise([](double x) { return 1 - 2 / (std::exp(2 * x) + 1); })},
      {OpKind::leaky_relu,
       [](const Attributes& a, const Operands& x, Operands& y) {
         const double alpha = a.real("alpha");
         elementwise([alpha](double v) { return v > 0 ? v : alpha * v; })(a, x, y);
       }},
      {OpKind::erf, elementwise([](double x) { return std::erf(x); })},
      {OpKind::elu,
       [](const Attributes& a, const Operands& x, Operands& y) {
         elementwise([&a](double v) { return v > 0 ? v : a.real("alpha") * (std::exp(v) - 1); })(a, x, y);
       }},
      {OpKind::selu, elementwise([](double v) {
         return 1.05070098735548 * (v > 0 ? v : 1.67326324235438 * (std::exp(v) - 1));
       })},
      {OpKind::gelu, gelu},
      {OpKind::silu, elementwise([](double v) { return v * (1 - 1 / (std::exp(v) + 1)); })},
      {OpKind::hard_sigmoid, elementwise(hard_sigmoid)},
      {OpKind::hard_swish, elementwise([](double v) { return v * hard_sigmoid(v); })},
      {OpKind::softplus,
       [](const Attributes& a, const Operands& x, Operands& y) {
         const double beta = a.real("beta");
         elementwise([&](double v) {
           return beta * v > a.real("threshold") ? v : std::log(1 + std::exp(beta * v)) / beta;
         })(a, x, y);
       }},
      {OpKind::clip,
       [](const Attributes& a, const Operands& x, Operands& y) {
         elementwise([&](double v) { return std::min(std::max(v, a.real("min")), a.real("max")); })(a, x, y);
       }},
      {OpKind::prelu, prelu},
      {OpKind::batch_norm, naive_batch_norm},
      {OpKind::batch_norm_training, naive_batch_norm_training},
      {OpKind::batch_norm_backward, naive_batch_norm_backward},
      {OpKind::dropout, copy_elements},
      {OpKind::dropout_mask, dropout_mask},
      {OpKind::add, binary(std::plus<>())},
      {OpKind::sub, binary(std::minus<>())},
      {OpKind::mul, binary(std::multiplies<>())},
      {OpKind::div, binary(std::divides<>())},
      {OpKind::maximum, binary([](double a, double b) { return std::max(a, b); })},
      {OpKind::minimum, binary([](double a, double b) { return std::min(a, b); })},
      {OpKind::pow, binary([](double a, double b) { return std::pow(a, b); })},
      {OpKind::exp, elementwise([](double x) { return std::exp(x); })},
      {OpKind::log, elementwise([](double x) { return std::log(x); })},
      {OpKind::sqrt, elementwise([](double x) { return std::sqrt(x); })},
      {OpKind::compare, compare},
      {OpKind::select, select},
      {OpKind::cast, cast},
      {OpKind::is_finite,
       elementwise([](double x) { return std::abs(x) <= std::numeric_limits<double>::max(); })},
      {OpKind::flatten, copy_elements},
      {OpKind::reshape, copy_elements},
      {OpKind::reorder, copy_elements},
      {OpKind::transpose, transpose},
      {OpKind::concat, concat},
      {OpKind::slice, slice},
      {OpKind::slice_backward, slice_backward},
      {OpKind::pad, naive_pad},
      {OpKind::pad_backward, naive_pad_backward},
      {OpKind::resize, naive_resize},
      {OpKind::resize_backward, naive_resize_backward},
      {OpKind::broadcast_to, broadcast_to},
      {OpKind::sum_to, sum_to},
      {OpKind::sum, sum},
      {OpKind::mean, mean},
      {OpKind::argmax, argmax},
      {OpKind::softmax, softmax},
      {OpKind::log_softmax, log_softmax},
      {OpKind::softmax_cross_entropy, softmax_cross_entropy},
      {OpKind::softmax_cross_entropy_backward, softmax_cross_entropy_backward},
      {OpKind::mse_loss, mse_loss},
      {OpKind::sgd_update, sgd_update},
      {OpKind::adam_update, adam_update},
      {OpKind::rmsprop_update, rmsprop_update},
  };
  return ops;
}

}  // namespace sinter
