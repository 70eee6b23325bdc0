#include "ir/ops/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/build.h"
#include "ir/ops/axis.h"
#include "ir/ops/elementwise.h"

namespace sinter::ops {

std::vector<Type> infer_softmax(const Inference& in) {
  resolve_axis(in, in.attributes().integer("axis"), in[0].shape.size());
  return infer_same_as_x(in);
}

std::vector<Type> infer_cross_entropy(const Inference& in) {
  Type loss{in[0].dtype, {}, {}};
  if (in.attributes().word("reduction") == "none") loss.shape = in[1].shape;
  return {loss};
}

std::vector<Type> infer_cross_entropy_backward(const Inference& in) {
  const Shape expected = in.attributes().word("reduction") == "none" ? in[1].shape : Shape{};
  if (in[2].shape != expected)
    in.reject(fmt::format("dloss is {} where the loss is {}", to_string(in[2].shape), to_string(expected)));
  return infer_same_as_x(in);
}

std::vector<Type> infer_mse(const Inference& in) {
  if (in[0].shape != in[1].shape) in.reject("x and target have different shapes", "x.shape == target.shape");
  Type loss{in[0].dtype, {}, {}};
  if (in.attributes().word("reduction") == "none") loss.shape = in[0].shape;
  return {loss};
}

OperandGradients softmax_gradient(const Differentiation& d) {
  const Value y = d.results[0], dy = *d.gradients[0];
  const Ints axis = {d.attributes.integer("axis")};
  return {y * (dy - sum(y * dy, {.axes = axis, .keepdims = true}))};
}

OperandGradients log_softmax_gradient(const Differentiation& d) {
  const Value y = d.results[0], dy = *d.gradients[0];
  const Ints axis = {d.attributes.integer("axis")};
  return {dy - exp(y) * sum(dy, {.axes = axis, .keepdims = true})};
}

OperandGradients cross_entropy_gradient(const Differentiation& d) {
  return {
      apply(OpKind::softmax_cross_entropy_backward, {d.x(0), d.x(1), *d.gradients[0]}, d.attributes.named()),
      std::nullopt};
}

OperandGradients mse_gradient(const Differentiation& d) {
  const Value x = d.x(0), target = d.x(1), dy = *d.gradients[0];
  const bool mean = d.attributes.word("reduction") == "mean";
  const Value dx = dy * ((x - target) * (mean ? 2.0 / per_sample_count(x.shape()) : 2.0));
  return {dx, dx * -1.0};
}

namespace {

// A slice along an axis: `count` elements, `stride` apart.
struct Slices {
  int64_t count, stride;

  Slices(const Evaluation& e) {
    const TensorView& x = e.operands[0];
    const size_t axis = resolved_axis(e.attributes.integer("axis"), x.shape.size());
    count = x.dim(axis);
    stride = 1;
    for (size_t d = axis + 1; d < x.shape.size(); ++d) stride *= x.dim(d);
  }
  int64_t first(int64_t unit) const { return unit / stride * count * stride + unit % stride; }
};

template <typename T>
struct LogSumExp {
  T max;
  double log_sum;  ///< log of the sum of exp(x - max)
};

// Shifted by the maximum, so that no exponential overflows. NaN passes through.
template <typename T>
LogSumExp<T> log_sum_exp(const T* x, int64_t count, int64_t stride) {
  T max = x[0];
  for (int64_t i = 1; i < count; ++i)
    if (x[i * stride] > max || x[i * stride] != x[i * stride]) max = x[i * stride];
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(static_cast<double>(x[i * stride] - max));
  return {max, std::log(sum)};
}

template <typename F>
void map_slices(const Evaluation& e, int64_t begin, int64_t end, F f) {
  const Slices slices(e);
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const T* x = e.operands[0].as<T>() + slices.first(unit);
      T* y = e.results[0].as<T>() + slices.first(unit);
      const auto norm = log_sum_exp(x, slices.count, slices.stride);
      for (int64_t i = 0; i < slices.count; ++i)
        y[i * slices.stride] = static_cast<T>(f(x[i * slices.stride] - norm.max - norm.log_sum));
    }
  });
}

int64_t label_at(const TensorView& labels, int64_t row) {
  if (labels.dtype == DType::u8) return labels.as<uint8_t>()[row];
  if (labels.dtype == DType::i32) return labels.as<int32_t>()[row];
  return labels.as<int64_t>()[row];
}

// A label outside the classes has no loss: NaN says so without reading outside the row.
template <typename T>
double row_loss(const T* logits, int64_t classes, int64_t label, double smoothing) {
  if (label < 0 || label >= classes) return std::numeric_limits<double>::quiet_NaN();
  const auto norm = log_sum_exp(logits, classes, 1);
  const double own = norm.log_sum + norm.max - logits[label];
  if (smoothing == 0) return own;
  double all = 0;
  for (int64_t c = 0; c < classes; ++c) all += norm.log_sum + norm.max - logits[c];
  return (1 - smoothing) * own + smoothing / static_cast<double>(classes) * all;
}

double mean_divisor(const Attributes& attributes, int64_t count) {
  return attributes.word("reduction") == "mean" ? static_cast<double>(count) : 1.0;
}

}  // namespace

int64_t softmax_units(const Evaluation& e) {
  const int64_t count = Slices(e).count;
  return count == 0 ? 0 : e.results[0].count / count;
}

int64_t loss_units(const Evaluation& e) {
  return e.attributes.word("reduction") == "none" ? e.results[0].count : 1;
}
int64_t row_units(const Evaluation& e) { return e.results[0].dim(0); }

void evaluate_softmax(const Evaluation& e, int64_t begin, int64_t end) {
  map_slices(e, begin, end, [](double x) { return std::exp(x); });
}

void evaluate_log_softmax(const Evaluation& e, int64_t begin, int64_t end) {
  map_slices(e, begin, end, [](double x) { return x; });
}

void evaluate_cross_entropy(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &logits = e.operands[0], &labels = e.operands[1];
  const int64_t rows = logits.dim(0), classes = logits.dim(1);
  const bool each = e.attributes.word("reduction") == "none";
  const double smoothing = e.attributes.real("label_smoothing");
  dispatch_floating(logits.dtype, [&]<typename T>() {
    T* loss = e.results[0].as<T>();
    const auto loss_of = [&](int64_t row) {
      return row_loss(logits.as<T>() + row * classes, classes, label_at(labels, row), smoothing);
    };
    if (each) {
      for (int64_t row = begin; row < end; ++row) loss[row] = static_cast<T>(loss_of(row));
      return;
    }
    double total = 0;
    for (int64_t row = 0; row < rows; ++row) total += loss_of(row);
    *loss = static_cast<T>(total / mean_divisor(e.attributes, rows));
  });
}

// dlogits = (softmax(logits) - wanted) * dloss * scale, where wanted is one_hot(label), smoothed
void evaluate_cross_entropy_backward(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &logits = e.operands[0], &labels = e.operands[1], &dloss = e.operands[2];
  const int64_t classes = logits.dim(1);
  const bool each = e.attributes.word("reduction") == "none";
  const double divisor = mean_divisor(e.attributes, logits.dim(0)), factor = e.attributes.real("scale");
  const double smoothing = e.attributes.real("label_smoothing"),
               other = smoothing / static_cast<double>(classes), own = 1 - smoothing + other;
  dispatch_floating(logits.dtype, [&]<typename T>() {
    for (int64_t row = begin; row < end; ++row) {
      const T* x = logits.as<T>() + row * classes;
      T* dx = e.results[0].as<T>() + row * classes;
      const double scale = dloss.as<T>()[each ? row : 0] * factor / divisor;
      const auto norm = log_sum_exp(x, classes, 1);
      const int64_t label = label_at(labels, row);
      for (int64_t c = 0; c < classes; ++c)
        dx[c] =
            static_cast<T>((std::exp(x[c] - norm.max - norm.log_sum) - (c == label ? own : other)) * scale);
    }
  });
}

void evaluate_mse(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &target = e.operands[1];
  const bool each = e.attributes.word("reduction") == "none";
  dispatch_floating(x.dtype, [&]<typename T>() {
    const auto squared = [&](int64_t i) {
      const T difference = x.as<T>()[i] - target.as<T>()[i];
      return difference * difference;
    };
    T* loss = e.results[0].as<T>();
    if (each) {
      for (int64_t i = begin; i < end; ++i) loss[i] = squared(i);
      return;
    }
    double total = 0;
    for (int64_t i = 0; i < x.count; ++i) total += squared(i);
    *loss = static_cast<T>(total / mean_divisor(e.attributes, x.count));
  });
}

double softmax_flops(const Attributes&, std::span<const std::optional<Type>> operands,
                     std::span<const Type>) {
  return 5 * per_sample_count(operands[0]->shape);
}

}  // namespace sinter::ops
