#include <array>
#include <numbers>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"
#include "frontends/onnx/rounding.h"

namespace sinter::onnx {
namespace {

// x - x^3 / 3! + x^5 / 5! - .. or 1 - x^2 / 2! + .., up to x^17: below pi / 4 as exact as f64.
Value series(Value x, bool odd) {
  const Value square = x * x;
  Value y = like(x, 1);
  for (int n = odd ? 16 : 15; n > 0; n -= 2) y = 1.0 - square * y / static_cast<double>(n * (n + 1));
  return odd ? x * y : y;
}

struct Waves {
  Value sin, cos;
};

// In f64: what is left of x within a quarter turn, and which quarter it is.
Waves waves(Value of) {
  const Value x = as_type(of, DType::f64);
  const Value quarter = rounded(x * (2 / std::numbers::pi));
  const double high = 0x1.921fb544p0, low = 0x1.0b4611a626331p-34;  // pi / 2 as the sum of two
  const Value rest = x - quarter * high - quarter * low;
  const Value s = series(rest, true), c = series(rest, false);
  const Value which = quarter - 4.0 * rounded_down(quarter * 0.25);  // 0 to 3
  const auto in_quarter = [&](double number) { return compare(which, like(which, number), "eq"); };
  const Value minus_s = like(s, 0) - s, minus_c = like(c, 0) - c;
  const auto choose = [&](Value first, Value second, Value third, Value fourth) {
    const Value y =
        select(in_quarter(1), second, select(in_quarter(2), third, select(in_quarter(3), fourth, first)));
    return as_type(y, of.dtype());
  };
  return {choose(s, c, minus_s, minus_c), choose(c, minus_s, minus_c, s)};
}

void sin_op(NodeImport& in) { in.result(0, waves(in.value(0)).sin); }
void cos_op(NodeImport& in) { in.result(0, waves(in.value(0)).cos); }
void tan_op(NodeImport& in) {
  const Waves both = waves(in.value(0));
  in.result(0, both.sin / both.cos);
}

using InDoubles = Value (*)(Value x);

// An op of one operand, computed in f64: formulas that cancel near zero keep the digits of an f32 there.
template <InDoubles formula>
void in_doubles(NodeImport& in) {
  const Value x = in.value(0);
  in.result(0, as_type(formula(as_type(x, DType::f64)), x.dtype()));
}

// y with the sign of x, for y of |x|.
Value with_sign_of(Value x, Value y) { return select(compare(x, like(x, 0), "lt"), like(y, 0) - y, y); }

// The angle is halved twice, to below pi / 16: z - z^3 / 3 + z^5 / 5 - .. up to z^21 is exact there.
Value arc_tangent(Value x) {
  const Value size = absolute(x);
  const Value is_large = compare(size, like(x, 1), "gt");
  Value z = select(is_large, like(size, 1) / size, size);
  for (int half = 0; half < 2; ++half) z = z / (sqrt(z * z + 1.0) + 1.0);
  const Value square = z * z;
  Value sum = like(z, 0);
  for (int n = 21; n > 0; n -= 2) sum = 1.0 / n - square * sum;
  const Value angle = 4.0 * z * sum;
  return with_sign_of(x, select(is_large, std::numbers::pi / 2 - angle, angle));
}

Value arc_sine(Value x) { return arc_tangent(x / sqrt((1.0 - x) * (x + 1.0))); }
Value arc_cosine(Value x) { return 2.0 * arc_tangent(sqrt((1.0 - x) / (x + 1.0))); }

// A function that is x itself near zero, where `of_size`, which takes |x|, would have none of its digits.
Value odd(Value x, InDoubles of_size) {
  const Value size = absolute(x);
  return select(compare(size, like(x, 1e-6), "lt"), x, with_sign_of(x, of_size(size)));
}

Value hyperbolic_sine(Value x) {
  return odd(x, [](Value size) { return 0.5 * (exp(size) - exp(like(size, 0) - size)); });
}
Value hyperbolic_cosine(Value x) { return 0.5 * (exp(x) + exp(like(x, 0) - x)); }
Value area_sine(Value x) {
  return odd(x, [](Value size) { return log(size + sqrt(size * size + 1.0)); });
}
Value area_cosine(Value x) { return log(x + sqrt(x - 1.0) * sqrt(x + 1.0)); }
Value area_tangent(Value x) {
  return odd(x, [](Value size) { return 0.5 * log((size + 1.0) / (1.0 - size)); });
}

constexpr std::array<Op, 11> rows = {{
    {"Sin", {7, 22}, sin_op},
    {"Cos", {7, 22}, cos_op},
    {"Tan", {7, 22}, tan_op},
    {"Asin", {7, 22}, in_doubles<arc_sine>},
    {"Acos", {7, 22}, in_doubles<arc_cosine>},
    {"Atan", {7, 22}, in_doubles<arc_tangent>},
    {"Sinh", {9, 22}, in_doubles<hyperbolic_sine>},
    {"Cosh", {9, 22}, in_doubles<hyperbolic_cosine>},
    {"Asinh", {9, 22}, in_doubles<area_sine>},
    {"Acosh", {9, 22}, in_doubles<area_cosine>},
    {"Atanh", {9, 22}, in_doubles<area_tangent>},
}};

}  // namespace

std::span<const Op> trigonometry_ops() { return rows; }

}  // namespace sinter::onnx
