#include "ir/ops/activation.h"

#include <cmath>
#include <numbers>

#include "ir/build.h"
#include "ir/ops/element_run.h"

namespace sinter::ops {
namespace {

constexpr double gelu_cubic = 0.044715;  // of the approximation by tanh
const double gelu_slope = std::sqrt(2 / std::numbers::pi);

Value zero_like(Value x) { return x.graph().scalar(x.dtype(), 0); }

// 0 outside (low, high), which NaN is not.
Value inside(Value x, double low, double high, Value within) {
  const Value above = compare(x, x.graph().scalar(x.dtype(), high), "ge");
  return select(x <= low, zero_like(x), select(above, zero_like(x), within));
}

// A weight of one element, or of one for each channel, as it broadcasts to x.
Value prelu_weight(Value weight, const Shape& x) {
  Ints shape(x.size() < 2 ? x.size() : x.size() - 1, 1);
  if (!shape.empty()) shape[0] = weight.shape()[0].size;
  return reshape(weight, shape);
}

}  // namespace

std::vector<Type> infer_prelu(const Inference& in) {
  const Shape &x = in[0].shape, &weight = in[1].shape;
  if (weight[0] != Dim(1) && (x.size() < 2 || weight[0] != x[1]))
    in.reject(fmt::format("weight has {} elements for x of shape {}", to_string(weight[0]), to_string(x)),
              "weight.shape[0] == 1, or x.shape[1]");
  return {{in[0].dtype, x, {}}};
}

std::vector<Type> infer_clip(const Inference& in) {
  const Attributes& a = in.attributes();
  if (!(a.real("min") <= a.real("max")))
    in.reject(fmt::format("min {} is above max {}", a.real("min"), a.real("max")), "min <= max");
  return {{in[0].dtype, in[0].shape, {}}};
}

OperandGradients erf_gradient(const Differentiation& d) {
  const Value x = d.x(0);
  return {*d.gradients[0] * (exp(x * x * -1.0) * (2 / std::sqrt(std::numbers::pi)))};
}

// Where the slope below zero is 0 or more, y is above 0 where x is; else the line is folded there.
OperandGradients elu_gradient(const Differentiation& d) {
  const Value y = d.results[0], dy = *d.gradients[0];
  const double alpha = d.attributes.real("alpha");
  return {select((alpha >= 0 ? y : d.x(0)) > 0.0, dy, dy * (y + alpha))};
}

OperandGradients selu_gradient(const Differentiation& d) {
  const Value y = d.results[0], dy = *d.gradients[0];
  return {select(y > 0.0, dy * selu_scale, dy * (y + selu_alpha * selu_scale))};
}

OperandGradients gelu_gradient(const Differentiation& d) {
  const Value x = d.x(0), dy = *d.gradients[0];
  if (d.attributes.word("approximate") == "tanh") {
    const Value square = x * x;
    const Value t = tanh(x * (square * gelu_cubic + 1.0) * gelu_slope);
    const Value slope = (square * (3 * gelu_cubic) + 1.0) * gelu_slope;
    return {dy * ((t + 1.0) * 0.5 + x * (1.0 - t * t) * slope * 0.5)};
  }
  const Value share = (erf(x * (1 / std::numbers::sqrt2)) + 1.0) * 0.5;
  const Value density = exp(x * x * -0.5) * (1 / std::sqrt(2 * std::numbers::pi));
  return {dy * (share + x * density)};
}

OperandGradients silu_gradient(const Differentiation& d) {
  const Value x = d.x(0), share = sigmoid(x);
  return {*d.gradients[0] * (share * (x * (1.0 - share) + 1.0))};
}

OperandGradients hard_sigmoid_gradient(const Differentiation& d) {
  return {inside(d.x(0), -3, 3, *d.gradients[0] / 6.0)};
}

OperandGradients hard_swish_gradient(const Differentiation& d) {
  const Value x = d.x(0), dy = *d.gradients[0];
  return {select(x <= -3.0, zero_like(x), select(x > 3.0, dy, dy * (x / 3.0 + 0.5)))};
}

OperandGradients softplus_gradient(const Differentiation& d) {
  const Value dy = *d.gradients[0], scaled = d.x(0) * d.attributes.real("beta");
  return {select(scaled > d.attributes.real("threshold"), dy, dy * sigmoid(scaled))};
}

OperandGradients clip_gradient(const Differentiation& d) {
  return {inside(d.results[0], d.attributes.real("min"), d.attributes.real("max"), *d.gradients[0])};
}

OperandGradients prelu_gradient(const Differentiation& d) {
  const Value x = d.x(0), dy = *d.gradients[0];
  const Value weight = prelu_weight(d.x(1), x.shape()), is_above = x > 0.0;
  const Value by_weight = select(is_above, zero_like(x), dy * x);
  return {select(is_above, dy, dy * weight),
          reshape(sum_to_shape_of(by_weight, weight), {d.x(1).shape()[0].size})};
}

namespace {

// The reference for one function of one number.
template <typename F>
void map_floating(const Evaluation& e, int64_t begin, int64_t end, F f) {
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() { map<T, T>(e, begin, end, f); });
}

template <typename T>
T elu(T x, double alpha) {
  return x > 0 ? x : static_cast<T>(alpha) * std::expm1(x);
}

template <typename T>
T hard_sigmoid(T x) {
  return x != x ? x : std::min(std::max(x + 3, T{0}), T{6}) / 6;
}

}  // namespace

void evaluate_erf(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return std::erf(x); });
}

void evaluate_elu(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [alpha = e.attributes.real("alpha")](auto x) { return elu(x, alpha); });
}

void evaluate_selu(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end,
               [](auto x) { return static_cast<decltype(x)>(selu_scale) * elu(x, selu_alpha); });
}

void evaluate_gelu(const Evaluation& e, int64_t begin, int64_t end) {
  if (e.attributes.word("approximate") == "tanh")
    return map_floating(e, begin, end, []<typename T>(T x) {
      return T(0.5) * x * (1 + std::tanh(T(gelu_slope) * x * (1 + T(gelu_cubic) * x * x)));
    });
  map_floating(e, begin, end,
               []<typename T>(T x) { return T(0.5) * x * (1 + std::erf(x * T(1 / std::numbers::sqrt2))); });
}

void evaluate_silu(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return x / (1 + std::exp(-x)); });
}

void evaluate_hard_sigmoid(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return hard_sigmoid(x); });
}

void evaluate_hard_swish(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return x * hard_sigmoid(x); });
}

void evaluate_softplus(const Evaluation& e, int64_t begin, int64_t end) {
  const double beta = e.attributes.real("beta"), threshold = e.attributes.real("threshold");
  map_floating(e, begin, end, [=]<typename T>(T x) {
    const T scaled = x * static_cast<T>(beta);
    return scaled > static_cast<T>(threshold) ? x : std::log1p(std::exp(scaled)) / static_cast<T>(beta);
  });
}

void evaluate_clip(const Evaluation& e, int64_t begin, int64_t end) {
  const double low = e.attributes.real("min"), high = e.attributes.real("max");
  map_floating(e, begin, end, [=]<typename T>(T x) {
    return x < static_cast<T>(low)    ? static_cast<T>(low)
           : x > static_cast<T>(high) ? static_cast<T>(high)
                                      : x;
  });
}

void evaluate_prelu(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &weight = e.operands[1];
  const Run run = elements_of(e, begin, end);
  int64_t plane = 1;
  for (size_t d = 2; d < x.shape.size(); ++d) plane *= x.dim(d);
  dispatch_floating(x.dtype, [&]<typename T>() {
    for (int64_t i = run.first; i < run.first + run.count; ++i) {
      const T slope = weight.as<T>()[weight.count == 1 ? 0 : i / plane % weight.count], v = x.as<T>()[i];
      e.results[0].as<T>()[i] = v > 0 ? v : slope * v;
    }
  });
}

}  // namespace sinter::ops
