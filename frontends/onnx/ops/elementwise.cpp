#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "frontends/onnx/element_types.h"
#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"
#include "frontends/onnx/rounding.h"

namespace sinter::onnx {
namespace {

// Before opset 7, b's dimensions are matched from `axis` on where `broadcast` is set.
Value second_operand(NodeImport& in, Value a) {
  const Value b = in.value(1);
  if (in.version() >= 7 || !in.flag("broadcast", false)) return b;
  const size_t rank = a.shape().size();
  if (b.shape().size() > rank) in.reject("b has more dimensions than a");
  const size_t axis = in.axis(in.integer("axis", static_cast<int64_t>(rank - b.shape().size())), rank, true);
  if (axis + b.shape().size() > rank) in.reject(fmt::format("b does not fit into a from axis {} on", axis));
  Shape shape = b.shape();
  shape.resize(rank - axis, Dim(1));
  return reshape_to(b, shape);
}

template <Value (*build)(Value, Value)>
void binary(NodeImport& in) {
  const Value a = in.value(0);
  in.result(0, build(a, second_operand(in, a)));
}

// Calls `check` with the elements of both operands where both are known.
template <typename F>
void each_known_pair(const NodeImport& in, F check) {
  const auto a = in.fixed(0), b = in.fixed(1);
  if (!a || !b || a->count() == 0 || b->count() == 0) return;
  if (a->count() != 1 && b->count() != 1 && a->shape() != b->shape()) return;
  for (int64_t i = 0; i < std::max(a->count(), b->count()); ++i)
    check(a->at(a->count() == 1 ? 0 : i), b->at(b->count() == 1 ? 0 : i));
}

void check_integer_quotient(const NodeImport& in, DType dtype) {
  const auto divisors = in.fixed(1);
  for (int64_t i = 0; divisors && i < divisors->count(); ++i)
    if (divisors->at(i) == 0) in.reject("a division of integers by 0");
  const double least = -std::ldexp(1, static_cast<int>(8 * size_of(dtype)) - 1);
  each_known_pair(in, [&](double a, double b) {
    if (a == least && b == -1) in.reject(fmt::format("{} / -1 does not fit {}", a, to_string(dtype)));
  });
}

// Of integers: rounded toward zero. Through f64, which holds what fits 53 bits exactly.
void div_op(NodeImport& in) {
  const Value a = in.value(0), b = second_operand(in, a);
  if (!is_integer(a.dtype())) return in.result(0, a / b);
  check_integer_quotient(in, a.dtype());
  in.result(0, cast(cast(a, DType::f64) / cast(b, DType::f64), a.dtype()));
}

// Toward zero, or down as Python has it: the rest has the sign of a, or of b.
void mod_op(NodeImport& in) {
  const Value a = in.value(0), b = in.value(1);
  const bool toward_zero = in.flag("fmod", false);
  if (!toward_zero && !is_integer(a.dtype())) in.reject("fmod is 0; expected 1 for floating numbers");
  if (is_integer(a.dtype())) check_integer_quotient(in, a.dtype());
  const Value x = as_type(a, DType::f64), y = as_type(b, DType::f64);
  in.result(0, as_type(x - (toward_zero ? truncated(x / y) : rounded_down(x / y)) * y, a.dtype()));
}

template <Value (*build)(Value)>
void unary(NodeImport& in) {
  in.result(0, build(in.value(0)));
}

template <Value (*build)(Value, Value)>
void variadic(NodeImport& in) {
  const auto all = in.values();
  Value y = all[0];
  for (size_t i = 1; i < all.size(); ++i) y = build(y, all[i]);
  in.result(0, y);
}

void mean_op(NodeImport& in) {
  const auto all = in.values();
  Value y = all[0];
  for (size_t i = 1; i < all.size(); ++i) y = y + all[i];
  in.result(0, y / static_cast<double>(all.size()));
}

// The spellings of squares and roots that networks are full of.
std::optional<Value> simple_power(Value x, double exponent) {
  if (exponent == 1) return x;
  if (exponent == 2) return x * x;
  if (exponent == 3) return x * x * x;
  if (exponent == 0.5) return sqrt(x);
  if (exponent == -1) return like(x, 1) / x;
  if (exponent == -0.5) return like(x, 1) / sqrt(x);
  return std::nullopt;
}

// The result has x's type, whatever the exponent's.
void pow_op(NodeImport& in) {
  const Value x = in.value(0);
  const auto fixed = in.fixed(1);
  if (fixed && fixed->count() == 1 && is_floating(x.dtype()) && in.named(1).constant->shape().empty())
    if (const auto y = simple_power(x, fixed->at(0))) return in.result(0, *y);
  const DType wide = x.dtype() == DType::f32 ? DType::f32 : DType::f64;
  if (is_integer(x.dtype()))
    each_known_pair(in, [&](double base, double exponent) {
      if (base == 0 && exponent < 0) in.reject(fmt::format("0 to the power of {} is no integer", exponent));
    });
  const Value exponent = second_operand(in, x);
  in.result(0, as_type(pow(as_type(x, wide), as_type(exponent, wide)), x.dtype()));
}

void neg(NodeImport& in) {
  const Value x = in.value(0);
  in.result(0, like(x, -1) * x);
}

void reciprocal(NodeImport& in) {
  const Value x = in.value(0);
  in.result(0, like(x, 1) / x);
}

void sign(NodeImport& in) {
  const Value x = in.value(0), zero = like(x, 0);
  in.result(0, select(compare(x, zero, "gt"), like(x, 1), select(compare(x, zero, "lt"), like(x, -1), zero)));
}

template <char first, char second>
void comparison(NodeImport& in) {
  constexpr char predicate[] = {first, second, 0};
  const Value a = in.value(0);
  in.result(0, compare(a, second_operand(in, a), predicate));
}

Value truth(Graph& graph, bool value) { return graph.constant(Tensor::scalar(DType::boolean, value)); }

// What is not equal is one comparison.
void not_op(NodeImport& in) {
  const Value x = in.value(0);
  Graph& graph = in.graph();
  const ValueInfo& info = graph.info(x.id());
  if (info.kind == ValueKind::result && graph.node(info.node).op == OpKind::compare) {
    const Node& equal = graph.node(info.node);
    const Value a = graph.value(equal.operands[0]), b = graph.value(equal.operands[1]);
    if (equal.attributes.word("predicate") == "eq" && a.dtype() != DType::boolean)
      return in.result(0, compare(a, b, "ne"));
  }
  in.result(0, compare(x, truth(in.graph(), false), "eq"));
}

void and_op(NodeImport& in) {
  const Value a = in.value(0);
  in.result(0, select(a, second_operand(in, a), truth(in.graph(), false)));
}

void or_op(NodeImport& in) {
  const Value a = in.value(0);
  in.result(0, select(a, truth(in.graph(), true), second_operand(in, a)));
}

void xor_op(NodeImport& in) {
  const Value a = in.value(0);
  in.result(0, compare(a, second_operand(in, a), "ne"));
}

void where(NodeImport& in) { in.result(0, select(in.value(0), in.value(1), in.value(2))); }

void is_inf(NodeImport& in) {
  const Value x = in.value(0), inf = like(x, std::numeric_limits<double>::infinity());
  const bool above = in.flag("detect_positive", true), below = in.flag("detect_negative", true);
  if (!above && !below) return in.result(0, compare(x, inf, "gt"));
  in.result(0, compare(above && below ? absolute(x) : above ? x : like(x, -1) * x, inf, "eq"));
}

void is_nan(NodeImport& in) {
  const Value x = in.value(0);
  in.result(0, compare(x, x, "ne"));
}

// f16 and bf16 are held in f32: what is known now is rounded, and so is what the model computes.
void cast_op(NodeImport& in) {
  const auto to = static_cast<int>(in.integer("to"));
  in.attribute("saturate");  // both of types that are not read: 8 bits
  in.attribute("round_mode");
  const DType dtype = element_type(to, "attribute to");
  const Value x = in.value(0);
  const bool half = to == 10 || to == 16;
  if (!half) return in.result(0, as_type(x, dtype));
  const DType stored = to == 10 ? DType::f16 : DType::bf16;
  in.result(0, cast(cast(as_type(x, DType::f32), stored), DType::f32));
}

void cast_like(NodeImport& in) {
  in.attribute("saturate");
  in.attribute("round_mode");
  in.result(0, as_type(in.value(0), in.value(1).dtype()));
}

constexpr std::array<Op, 30> rows = {{
    {"Add", {6, 7, 13, 14}, binary<add>, {0, 1}},
    {"Sub", {6, 7, 13, 14}, binary<sub>},
    {"Mul", {6, 7, 13, 14}, binary<mul>},
    {"Div", {6, 7, 13, 14}, div_op},
    {"Pow", {1, 7, 12, 13, 15}, pow_op},
    {"Max", {6, 8, 12, 13}, variadic<maximum>},
    {"Min", {6, 8, 12, 13}, variadic<minimum>},
    {"Sum", {6, 8, 13}, variadic<add>},
    {"Mean", {6, 8, 13}, mean_op},
    {"Neg", {6, 13}, neg},
    {"Reciprocal", {6, 13}, reciprocal},
    {"Mod", {10, 13}, mod_op},
    {"Floor", {6, 13}, unary<rounded_down>, {}, {}, "", true},
    {"Ceil", {6, 13}, unary<rounded_up>, {}, {}, "", true},
    {"Round", {11, 22}, unary<rounded>, {}, {}, "", true},
    {"IsInf", {10, 20}, is_inf, {}, {}, "", true},
    {"Sign", {9, 13}, sign, {}, {}, "", true},
    {"Equal", {1, 7, 11, 13, 19}, comparison<'e', 'q'>, {}, {}, "", true},
    {"Greater", {1, 7, 9, 13}, comparison<'g', 't'>, {}, {}, "", true},
    {"GreaterOrEqual", {12, 16}, comparison<'g', 'e'>, {}, {}, "", true},
    {"Less", {1, 7, 9, 13}, comparison<'l', 't'>, {}, {}, "", true},
    {"LessOrEqual", {12, 16}, comparison<'l', 'e'>, {}, {}, "", true},
    {"Not", {1}, not_op, {}, {}, "", true},
    {"And", {1, 7}, and_op, {}, {}, "", true},
    {"Or", {1, 7}, or_op, {}, {}, "", true},
    {"Xor", {1, 7}, xor_op, {}, {}, "", true},
    {"Where", {9, 16}, where},
    {"IsNaN", {9, 13, 20}, is_nan, {}, {}, "", true},
    {"Cast", {6, 9, 13, 19}, cast_op},
    {"CastLike", {15}, cast_like},
}};

}  // namespace

std::span<const Op> elementwise_ops() { return rows; }

}  // namespace sinter::onnx
