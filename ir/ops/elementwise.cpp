#include "ir/ops/elementwise.h"

#include <cmath>

#include "ir/build.h"
#include "ir/half.h"
#include "ir/ops/element_run.h"
#include "ir/ops/walk.h"

namespace sinter::ops {

std::vector<Type> infer_same_as_x(const Inference& in) { return {{in[0].dtype, in[0].shape, {}}}; }

namespace {

Shape broadcast_operands(const Inference& in) {
  Shape shape = in[0].shape;
  for (size_t i = 1; i < in.operand_count(); ++i) {
    try {
      shape = broadcast(shape, in[i].shape);
    } catch (const InputError& error) {
      in.reject(error.message(),
                "sizes are equal, or one of them is 1 (dimensions are matched from the last)");
    }
  }
  return shape;
}

}  // namespace

std::vector<Type> infer_broadcast(const Inference& in) { return {{in[0].dtype, broadcast_operands(in), {}}}; }
std::vector<Type> infer_compare(const Inference& in) {
  return {{DType::boolean, broadcast_operands(in), {}}};
}
std::vector<Type> infer_select(const Inference& in) { return {{in[1].dtype, broadcast_operands(in), {}}}; }
std::vector<Type> infer_cast(const Inference& in) {
  return {{in.attributes().dtype("dtype"), in[0].shape, {}}};
}
std::vector<Type> infer_is_finite(const Inference& in) { return {{DType::boolean, in[0].shape, {}}}; }

// Written in terms of the result where that is enough: the forward input can then be forgotten. At 0 and at
// NaN they do what PyTorch does: no gradient at 0, the gradient passes at NaN.
OperandGradients relu_gradient(const Differentiation& d) {
  const Value y = d.results[0], dy = *d.gradients[0];
  return {select(y <= 0.0, d.graph.scalar(y.dtype(), 0), dy)};
}

OperandGradients sigmoid_gradient(const Differentiation& d) {
  const Value y = d.results[0], dy = *d.gradients[0];
  return {dy * ((1.0 - y) * y)};
}

OperandGradients tanh_gradient(const Differentiation& d) {
  const Value y = d.results[0], dy = *d.gradients[0];
  return {dy * (1.0 - y * y)};
}

OperandGradients leaky_relu_gradient(const Differentiation& d) {
  // With a slope of 0 or more the result is above 0 where x is; a negative one folds the line.
  const Value dy = *d.gradients[0];
  const double alpha = d.attributes.real("alpha");
  return {select((alpha >= 0 ? d.results[0] : d.x(0)) > 0.0, dy, dy * alpha)};
}

OperandGradients exp_gradient(const Differentiation& d) { return {*d.gradients[0] * d.results[0]}; }
OperandGradients log_gradient(const Differentiation& d) { return {*d.gradients[0] / d.x(0)}; }
OperandGradients sqrt_gradient(const Differentiation& d) { return {*d.gradients[0] / (d.results[0] * 2.0)}; }

OperandGradients add_gradient(const Differentiation& d) {
  const Value dy = *d.gradients[0];
  return {sum_to_shape_of(dy, d.x(0)), sum_to_shape_of(dy, d.x(1))};
}

OperandGradients sub_gradient(const Differentiation& d) {
  const Value dy = *d.gradients[0];
  return {sum_to_shape_of(dy, d.x(0)), sum_to_shape_of(dy * -1.0, d.x(1))};
}

OperandGradients mul_gradient(const Differentiation& d) {
  const Value dy = *d.gradients[0], a = d.x(0), b = d.x(1);
  return {sum_to_shape_of(dy * b, a), sum_to_shape_of(dy * a, b)};
}

OperandGradients div_gradient(const Differentiation& d) {
  const Value dy = *d.gradients[0], a = d.x(0), b = d.x(1);
  const Value da = dy / b;
  return {sum_to_shape_of(da, a), sum_to_shape_of(da * d.results[0] * -1.0, b)};
}

namespace {

// The gradient goes to the operand that won; equals share it, as in PyTorch.
OperandGradients extremum_gradient(const Differentiation& d, std::string_view wins) {
  const Value dy = *d.gradients[0], a = d.x(0), b = d.x(1);
  const Value zero = d.graph.scalar(dy.dtype(), 0), half = dy * 0.5;
  const Value tie = compare(a, b, "eq");
  const Value da = select(tie, half, select(compare(a, b, wins), dy, zero));
  const Value db = select(tie, half, select(compare(b, a, wins), dy, zero));
  return {sum_to_shape_of(da, a), sum_to_shape_of(db, b)};
}

}  // namespace

OperandGradients maximum_gradient(const Differentiation& d) { return extremum_gradient(d, "gt"); }
OperandGradients minimum_gradient(const Differentiation& d) { return extremum_gradient(d, "lt"); }

// Where b is 0 the slope by a is 0, also at a = 0; where a is 0 the one by b is.
OperandGradients pow_gradient(const Differentiation& d) {
  const Value a = d.x(0), b = d.x(1), y = d.results[0], dy = *d.gradients[0];
  const Value zero = d.graph.scalar(dy.dtype(), 0);
  const Value da = select(compare(b, zero, "eq"), zero, dy * b * pow(a, b - 1.0));
  const Value db = select(compare(a, zero, "eq"), zero, dy * y * log(a));
  return {sum_to_shape_of(da, a), sum_to_shape_of(db, b)};
}

OperandGradients select_gradient(const Differentiation& d) {
  const Value dy = *d.gradients[0], condition = d.x(0);
  const Value zero = d.graph.scalar(dy.dtype(), 0);
  return {std::nullopt, sum_to_shape_of(select(condition, dy, zero), d.x(1)),
          sum_to_shape_of(select(condition, zero, dy), d.x(2))};
}

OperandGradients cast_gradient(const Differentiation& d) {
  if (!is_floating(d.x(0).dtype()) || !is_floating(d.results[0].dtype())) return {std::nullopt};
  return {cast(*d.gradients[0], d.x(0).dtype())};
}

int64_t element_units(const Evaluation& e) {
  return (e.results[0].count + elements_per_unit - 1) / elements_per_unit;
}

double element_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type> results) {
  return per_sample_count(results[0].shape);
}

namespace {

template <typename In, typename Out, typename F>
void map2(const Evaluation& e, int64_t begin, int64_t end, F f) {
  const TensorView &a = e.operands[0], &b = e.operands[1], &y = e.results[0];
  const Run run = elements_of(e, begin, end);
  const In *pa = a.as<In>(), *pb = b.as<In>();
  Out* out = y.as<Out>() + run.first;
  if (a.count == y.count && b.count == y.count) {
    for (int64_t i = 0; i < run.count; ++i) out[i] = f(pa[run.first + i], pb[run.first + i]);
  } else if (a.count == y.count && b.count == 1) {
    const In scalar = *pb;
    for (int64_t i = 0; i < run.count; ++i) out[i] = f(pa[run.first + i], scalar);
  } else {
    Walk wa(y.shape, a.shape, run.first), wb(y.shape, b.shape, run.first);
    for (int64_t i = 0; i < run.count; ++i, wa.next(), wb.next())
      out[i] = f(pa[wa.offset()], pb[wb.offset()]);
  }
}

template <typename F>
void map_floating(const Evaluation& e, int64_t begin, int64_t end, F f) {
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() { map<T, T>(e, begin, end, f); });
}

template <typename F>
void map2_numeric(const Evaluation& e, int64_t begin, int64_t end, F f) {
  dispatch_numeric(e.operands[0].dtype, [&]<typename T>() {
    map2<T, T>(e, begin, end, [&](T a, T b) { return static_cast<T>(f(a, b)); });
  });
}

// Integers wrap around: computed as unsigned ones, where that is defined.
template <typename F>
void map2_arithmetic(const Evaluation& e, int64_t begin, int64_t end, F f) {
  map2_numeric(e, begin, end, [&]<typename T>(T a, T b) {
    using Wide = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;
    return f(static_cast<Wide>(a), static_cast<Wide>(b));
  });
}

// NaN wins, from either side.
template <typename T, typename Better>
T extremum(T a, T b, Better better) {
  if (a != a) return a;
  if (b != b) return b;
  return better(a, b) ? a : b;
}

}  // namespace

void evaluate_relu(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return x <= 0 ? decltype(x)(0) : x; });  // NaN stays NaN
}

void evaluate_sigmoid(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return 1 / (1 + std::exp(-x)); });
}

void evaluate_tanh(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return std::tanh(x); });
}

void evaluate_leaky_relu(const Evaluation& e, int64_t begin, int64_t end) {
  const double alpha = e.attributes.real("alpha");
  map_floating(e, begin, end, [alpha](auto x) { return x > 0 ? x : static_cast<decltype(x)>(alpha) * x; });
}

void evaluate_exp(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return std::exp(x); });
}

void evaluate_log(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return std::log(x); });
}

void evaluate_sqrt(const Evaluation& e, int64_t begin, int64_t end) {
  map_floating(e, begin, end, [](auto x) { return std::sqrt(x); });
}

void evaluate_add(const Evaluation& e, int64_t begin, int64_t end) {
  map2_arithmetic(e, begin, end, [](auto a, auto b) { return a + b; });
}

void evaluate_sub(const Evaluation& e, int64_t begin, int64_t end) {
  map2_arithmetic(e, begin, end, [](auto a, auto b) { return a - b; });
}

void evaluate_mul(const Evaluation& e, int64_t begin, int64_t end) {
  map2_arithmetic(e, begin, end, [](auto a, auto b) { return a * b; });
}

void evaluate_div(const Evaluation& e, int64_t begin, int64_t end) {
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() { map2<T, T>(e, begin, end, std::divides<T>()); });
}

void evaluate_maximum(const Evaluation& e, int64_t begin, int64_t end) {
  map2_numeric(e, begin, end, [](auto a, auto b) { return extremum(a, b, std::greater_equal<>()); });
}

void evaluate_minimum(const Evaluation& e, int64_t begin, int64_t end) {
  map2_numeric(e, begin, end, [](auto a, auto b) { return extremum(a, b, std::less_equal<>()); });
}

void evaluate_pow(const Evaluation& e, int64_t begin, int64_t end) {
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    map2<T, T>(e, begin, end, [](T a, T b) { return std::pow(a, b); });
  });
}

void evaluate_compare(const Evaluation& e, int64_t begin, int64_t end) {
  const std::string& predicate = e.attributes.word("predicate");
  dispatch_numeric(e.operands[0].dtype, [&]<typename T>() {
    if (predicate == "eq") map2<T, bool>(e, begin, end, std::equal_to<T>());
    if (predicate == "ne") map2<T, bool>(e, begin, end, std::not_equal_to<T>());
    if (predicate == "lt") map2<T, bool>(e, begin, end, std::less<T>());
    if (predicate == "le") map2<T, bool>(e, begin, end, std::less_equal<T>());
    if (predicate == "gt") map2<T, bool>(e, begin, end, std::greater<T>());
    if (predicate == "ge") map2<T, bool>(e, begin, end, std::greater_equal<T>());
  });
}

void evaluate_select(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &c = e.operands[0], &a = e.operands[1], &b = e.operands[2], &y = e.results[0];
  const Run run = elements_of(e, begin, end);
  Walk wc(y.shape, c.shape, run.first), wa(y.shape, a.shape, run.first), wb(y.shape, b.shape, run.first);
  dispatch_numeric(a.dtype, [&]<typename T>() {
    T* out = y.as<T>() + run.first;
    for (int64_t i = 0; i < run.count; ++i, wc.next(), wa.next(), wb.next())
      out[i] = c.as<bool>()[wc.offset()] ? a.as<T>()[wa.offset()] : b.as<T>()[wb.offset()];
  });
}

namespace {

// A floating value outside an integer's range has no meaning in C++: it saturates, and NaN becomes 0.
template <typename To, typename From>
To convert(From x) {
  if constexpr (std::is_same_v<To, bool>) return x != 0;
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (x != x) return 0;
    if (x <= static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    if (x >= static_cast<From>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
  }
  return static_cast<To>(x);
}

template <typename F>
void map_to_half(const Evaluation& e, int64_t begin, int64_t end, F encode) {
  dispatch_numeric(e.operands[0].dtype, [&]<typename From>() {
    map<From, uint16_t>(e, begin, end, [&](From x) { return encode(static_cast<float>(x)); });
  });
}

void cast_to_half(const Evaluation& e, int64_t begin, int64_t end) {
  if (e.results[0].dtype == DType::f16) return map_to_half(e, begin, end, to_f16);
  map_to_half(e, begin, end, to_bf16);
}

template <typename F>
void map_from_half(const Evaluation& e, int64_t begin, int64_t end, F decode) {
  if (e.results[0].dtype == DType::f16)
    return map<uint16_t, uint16_t>(e, begin, end, [&](uint16_t x) { return to_f16(decode(x)); });
  if (e.results[0].dtype == DType::bf16)
    return map<uint16_t, uint16_t>(e, begin, end, [&](uint16_t x) { return to_bf16(decode(x)); });
  dispatch_numeric(e.results[0].dtype, [&]<typename To>() {
    map<uint16_t, To>(e, begin, end, [&](uint16_t x) { return convert<To>(decode(x)); });
  });
}

void cast_from_half(const Evaluation& e, int64_t begin, int64_t end) {
  if (e.operands[0].dtype == DType::f16) return map_from_half(e, begin, end, from_f16);
  map_from_half(e, begin, end, from_bf16);
}

}  // namespace

// The half types are converted by way of f32.
void evaluate_cast(const Evaluation& e, int64_t begin, int64_t end) {
  const DType from = e.operands[0].dtype, to = e.results[0].dtype;
  if (!has_reference_arithmetic(from)) return cast_from_half(e, begin, end);
  if (!has_reference_arithmetic(to)) return cast_to_half(e, begin, end);
  dispatch_numeric(e.operands[0].dtype, [&]<typename From>() {
    dispatch_numeric(e.results[0].dtype, [&]<typename To>() {
      map<From, To>(e, begin, end, [](From x) { return convert<To>(x); });
    });
  });
}

void evaluate_is_finite(const Evaluation& e, int64_t begin, int64_t end) {
  dispatch_floating(e.operands[0].dtype,
                    [&]<typename T>() { map<T, bool>(e, begin, end, [](T x) { return std::isfinite(x); }); });
}

}  // namespace sinter::ops
