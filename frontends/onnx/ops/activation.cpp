#include <array>
#include <cmath>
#include <limits>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

template <Value (*build)(Value)>
void unary(NodeImport& in) {
  in.result(0, build(in.value(0)));
}

void leaky_relu(NodeImport& in) {
  in.result(0, sinter::leaky_relu(in.value(0), {.alpha = in.real("alpha", 0.01)}));
}

void elu(NodeImport& in) { in.result(0, sinter::elu(in.value(0), {.alpha = in.real("alpha", 1)})); }

// alpha * (e^(x / alpha) - 1) below zero.
void celu(NodeImport& in) {
  const double alpha = in.real("alpha", 1);
  if (alpha == 0) in.reject("alpha is 0, by which x is divided");
  const Value x = in.value(0), zero = like(x, 0);
  in.result(0, maximum(x, zero) + minimum(alpha * (exp(x / like(x, alpha)) - like(x, 1)), zero));
}

// The IR's has the constants that everybody uses.
void selu(NodeImport& in) {
  const double alpha = in.real("alpha", 1.67326319217681884765625);
  const double gamma = in.real("gamma", 1.05070102214813232421875);
  const Value x = in.value(0);
  const bool usual = std::abs(alpha - 1.6732632) < 1e-6 && std::abs(gamma - 1.0507010) < 1e-6;
  in.result(0, usual ? sinter::selu(x) : gamma * sinter::elu(x, {.alpha = alpha}));
}

void hard_sigmoid(NodeImport& in) {
  const double alpha = in.real("alpha", 0.2), beta = in.real("beta", 0.5);
  const Value x = in.value(0);
  if (std::abs(alpha - 1.0 / 6) < 1e-7 && beta == 0.5) return in.result(0, sinter::hard_sigmoid(x));
  in.result(0, clip(alpha * x + beta, {.min = 0, .max = 1}));
}

void softplus(NodeImport& in) { in.result(0, sinter::softplus(in.value(0))); }

void softsign(NodeImport& in) {
  const Value x = in.value(0);
  in.result(0, x / (absolute(x) + 1.0));
}

void thresholded_relu(NodeImport& in) {
  const Value x = in.value(0);
  in.result(0, select(x > in.real("alpha", 1), x, like(x, 0)));
}

void shrink(NodeImport& in) {
  const double bias = in.real("bias", 0), lambda = in.real("lambd", 0.5);
  const Value x = in.value(0);
  const Value low = select(compare(x, like(x, -lambda), "lt"), x + like(x, bias), like(x, 0));
  in.result(0, select(compare(x, like(x, lambda), "gt"), x - like(x, bias), low));
}

void swish(NodeImport& in) {
  const double alpha = in.real("alpha", 1);
  const Value x = in.value(0);
  in.result(0, alpha == 1 ? silu(x) : x * sigmoid(alpha * x));
}

void gelu(NodeImport& in) {
  in.result(0, sinter::gelu(in.value(0), {.approximate = in.word("approximate", "none")}));
}

void mish(NodeImport& in) {
  const Value x = in.value(0);
  in.result(0, x * tanh(sinter::softplus(x)));
}

// What a value is a reshape of, where that has the shape asked for.
std::optional<Value> before_reshape(Value x, const Shape& shape) {
  Graph& graph = x.graph();
  const ValueInfo& info = graph.info(x.id());
  if (info.kind != ValueKind::result || graph.node(info.node).op != OpKind::reshape) return std::nullopt;
  const Value before = graph.value(graph.node(info.node).operands[0]);
  return before.shape() == shape ? std::optional(before) : std::nullopt;
}

// Before opset 7 a slope of one dimension is one for each channel.
Value slope_of(NodeImport& in, Value x) {
  const Value slope = in.value(1);
  const Shape &shape = slope.shape(), &of_x = x.shape();
  if (in.version() >= 7 || shape.size() != 1 || shape[0] == Dim(1) || of_x.size() < 2) return slope;
  if (shape[0] != of_x[1])
    in.reject(fmt::format("{} slopes for {} channels", to_string(shape[0]), to_string(of_x[1])));
  Shape channels(of_x.size() - 1, Dim(1));
  channels[0] = shape[0];
  return reshape_to(slope, channels);
}

// The slope as the IR has it where it is one for each channel, or one for all.
void prelu(NodeImport& in) {
  const Value x = in.value(0), slope = slope_of(in, x);
  const Shape& shape = slope.shape();
  size_t wide = 0, at = 0;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != Dim(1)) ++wide, at = i;
  const bool of_channels = wide == 1 && x.shape().size() >= 2 && shape.size() + 1 - at == x.shape().size();
  if (wide == 0 || (of_channels && shape[at] == x.shape()[1]))
    return in.result(
        0, sinter::prelu(
               x, before_reshape(slope, {wide == 0 ? Dim(1) : shape[at]}).value_or(reshape_to(slope, {-1}))));
  in.result(0, select(x > 0.0, x, slope * x));
}

// Limits are attributes before opset 11, inputs from then on.
void clip_op(NodeImport& in) {
  const Value x = in.value(0);
  const double inf = std::numeric_limits<double>::infinity();
  const auto number = [&](size_t i, const char* name, double otherwise) -> std::optional<double> {
    if (in.version() < 11) return in.real(name, otherwise);
    if (!in.has(i)) return otherwise;
    const auto fixed = in.fixed(i);
    return fixed && fixed->count() == 1 ? std::optional(fixed->at(0)) : std::nullopt;
  };
  const auto low = number(1, "min", -inf), high = number(2, "max", inf);
  if (low && high && is_floating(x.dtype()) && *low <= *high) {
    const bool open = *low == -inf && *high == inf;
    return in.result(0, open ? x : clip(x, {.min = *low, .max = *high}));
  }
  Value y = x;
  if (in.has(1)) y = maximum(y, reshape_to(in.value(1), {}));
  if (in.has(2)) y = minimum(y, reshape_to(in.value(2), {}));
  in.result(0, y);
}

constexpr std::array<Op, 23> rows = {{
    {"Relu", {6, 13, 14}, unary<relu>},
    {"Sigmoid", {6, 13}, unary<sigmoid>},
    {"Tanh", {6, 13}, unary<tanh>},
    {"LeakyRelu", {6, 16}, leaky_relu},
    {"Elu", {6}, elu},
    {"Celu", {12}, celu},
    {"Selu", {6}, selu},
    {"HardSigmoid", {6}, hard_sigmoid},
    {"HardSwish", {14}, unary<hard_swish>},
    {"Softplus", {1}, softplus},
    {"Softsign", {1}, softsign},
    {"ThresholdedRelu", {10}, thresholded_relu},
    {"Shrink", {9}, shrink},
    {"Swish", {24}, swish},
    {"Gelu", {20}, gelu},
    {"Mish", {18}, mish},
    {"PRelu", {6, 7, 9, 16}, prelu, {1}},
    {"Clip", {6, 11, 12, 13}, clip_op},
    {"Erf", {9, 13}, unary<erf>},
    {"Exp", {6, 13}, unary<exp>},
    {"Log", {6, 13}, unary<log>},
    {"Sqrt", {6, 13}, unary<sqrt>},
    {"Abs", {6, 13}, unary<absolute>},
}};

}  // namespace

std::span<const Op> activation_ops() { return rows; }

}  // namespace sinter::onnx
