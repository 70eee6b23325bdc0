#include <algorithm>
#include <array>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

enum class Axes { attribute, input };

// Each reduction took its axes as an input from another opset on. Nothing: none are reduced.
std::optional<ReduceOptions> reduction(NodeImport& in, Value x, Axes from) {
  Ints axes = from == Axes::attribute ? in.ints("axes", Ints{}) : in.has(1) ? in.integers(1, "axes") : Ints{};
  const bool keepdims = in.flag("keepdims", true);
  const bool none = from == Axes::input && in.flag("noop_with_empty_axes", false);
  if (axes.empty() && none) return std::nullopt;
  return ReduceOptions{in.axes(axes, x.shape().size()), keepdims};
}

// The IR takes dimensions away by itself.
template <Value (*build)(Value, const ReduceOptions&), int axes_as_input>
void plain_reduce(NodeImport& in) {
  const Value x = in.value(0);
  const auto options = reduction(in, x, in.version() >= axes_as_input ? Axes::input : Axes::attribute);
  in.result(0, options ? build(x, *options) : x);
}

// `build` is given the axes with keepdims; what is taken away is taken away here.
template <typename F>
void reduce(NodeImport& in, Axes from, F build) {
  const Value x = in.value(0);
  const auto options = reduction(in, x, from);
  if (!options) return in.result(0, x);
  const Value y = build(x, ReduceOptions{options->axes, true});
  if (options->keepdims) return in.result(0, y);
  Shape shape;
  const Shape& full = y.shape();
  for (size_t i = 0; i < full.size(); ++i) {
    const auto axis = static_cast<int64_t>(i);
    if (!options->axes.empty() && std::ranges::find(options->axes, axis) == options->axes.end())
      shape.push_back(full[i]);
  }
  in.result(0, reshape_to(y, shape));
}

Value most(Value x, const ReduceOptions& over) { return largest(x, over.axes); }
Value least(Value x, const ReduceOptions& over) { return smallest(x, over.axes); }
Value sum_square(Value x, const ReduceOptions& over) { return sum(x * x, over); }
Value l1(Value x, const ReduceOptions& over) { return sum(absolute(x), over); }
Value l2(Value x, const ReduceOptions& over) { return sqrt(sum(x * x, over)); }
Value log_sum(Value x, const ReduceOptions& over) { return log(sum(x, over)); }

Value log_sum_exp(Value x, const ReduceOptions& over) {
  const Value top = largest(x, over.axes);
  return log(sum(exp(x - top), over)) + top;
}

// Half by half: as few nodes as the size has bits. What is left over goes on to the next half.
Value product_along(Value x, size_t axis) {
  int64_t size = known_size(x, axis, "a product");
  if (size == 0) return sum(x, {.axes = {static_cast<int64_t>(axis)}, .keepdims = true}) + 1.0;
  for (int64_t half = size / 2; size > 1; size -= half, half = size / 2) {
    const Value y = part(x, axis, 0, half) * part(x, axis, half, 2 * half);
    x = size % 2 == 0 ? y : concat({y, element(x, axis, size - 1)}, static_cast<int64_t>(axis));
  }
  return x;
}

Value product(Value x, const ReduceOptions& over) {
  for (size_t axis = 0; axis < x.shape().size(); ++axis)
    if (over.axes.empty() || std::ranges::find(over.axes, static_cast<int64_t>(axis)) != over.axes.end())
      x = product_along(x, axis);
  return x;
}

template <Value (*build)(Value, const ReduceOptions&), int axes_as_input = 18>
void reduce_op(NodeImport& in) {
  reduce(in, in.version() >= axes_as_input ? Axes::input : Axes::attribute, build);
}

// x moved along an axis, zeros behind it: backward for `by` below 0.
Value moved(Value x, size_t axis, int64_t by) {
  const int64_t size = known_size(x, axis, "CumSum");
  return by > 0 ? zeros_around(part(x, axis, 0, size - by), axis, by, 0)
                : zeros_around(part(x, axis, -by, size), axis, 0, -by);
}

// Sums of 2, 4, 8, .. elements that end at each.
void cum_sum(NodeImport& in) {
  const Value x = in.value(0);
  const Ints axes = in.axes(in.integers(1, "axis"), x.shape().size());
  if (axes.size() != 1) in.reject(fmt::format("{} axes; expected one", axes.size()));
  const auto axis = static_cast<size_t>(axes[0]);
  const int64_t size = known_size(x, axis, "CumSum"), forward = in.flag("reverse", false) ? -1 : 1;
  Value y = is_floating(x.dtype()) ? x : cast(x, DType::f64);
  if (in.flag("exclusive", false)) y = size > 1 ? moved(y, axis, forward) : y - y;
  for (int64_t by = 1; by < size; by *= 2) y = y + moved(y, axis, forward * by);
  in.result(0, as_type(y, x.dtype()));
}

// The last of the largest: where x is as large, its index counts.
Value last_largest(Value x, size_t axis) {
  const int64_t size = known_size(x, axis, "select_last_index");
  const Value top = largest(x, {static_cast<int64_t>(axis)});
  const Value index = counting(x.graph(), DType::f64, size, axis, x.shape().size());
  const Value none = x.graph().scalar(DType::f64, -1);
  return cast(largest(select(compare(x, top, "eq"), index, none), {static_cast<int64_t>(axis)}), DType::i64);
}

void arg_extreme(NodeImport& in, Value x) {
  const size_t axis = in.axis(in.integer("axis", 0), x.shape().size());
  const bool last = in.flag("select_last_index", false), keepdims = in.flag("keepdims", true);
  if (!last) return in.result(0, argmax(x, {.axis = static_cast<int64_t>(axis), .keepdims = keepdims}));
  const Value y = last_largest(x, axis);
  in.result(0, keepdims ? y : remove_axis(y, axis));
}

void arg_max(NodeImport& in) { arg_extreme(in, in.value(0)); }

void arg_min(NodeImport& in) {
  const Value x = in.value(0);
  arg_extreme(in, like(x, -1) * x);
}

constexpr std::array<Op, 13> rows = {{
    {"ReduceSum", {1, 11, 13}, plain_reduce<sum, 13>},
    {"ReduceMean", {1, 11, 13, 18}, plain_reduce<mean, 18>},
    {"ReduceMax", {1, 11, 12, 13, 18, 20}, reduce_op<most>},
    {"ReduceMin", {1, 11, 12, 13, 18, 20}, reduce_op<least>},
    {"ReduceProd", {1, 11, 13, 18}, reduce_op<product>},
    {"ReduceSumSquare", {1, 11, 13, 18}, reduce_op<sum_square>},
    {"ReduceL1", {1, 11, 13, 18}, reduce_op<l1>},
    {"ReduceL2", {1, 11, 13, 18}, reduce_op<l2>},
    {"ReduceLogSum", {1, 11, 13, 18}, reduce_op<log_sum>},
    {"ReduceLogSumExp", {1, 11, 13, 18}, reduce_op<log_sum_exp>},
    {"CumSum", {11, 14}, cum_sum},
    {"ArgMax", {1, 11, 12, 13}, arg_max, {}, {}, "", true},
    {"ArgMin", {1, 11, 12, 13}, arg_min, {}, {}, "", true},
}};

}  // namespace

std::span<const Op> reduction_ops() { return rows; }

}  // namespace sinter::onnx
