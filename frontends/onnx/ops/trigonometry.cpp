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

constexpr std::array<Op, 3> rows = {{
    {"Sin", {7, 22}, sin_op},
    {"Cos", {7, 22}, cos_op},
    {"Tan", {7, 22}, tan_op},
}};

}  // namespace

std::span<const Op> trigonometry_ops() { return rows; }

}  // namespace sinter::onnx
