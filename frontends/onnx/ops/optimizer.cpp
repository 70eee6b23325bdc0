#include <array>
#include <cmath>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

/// Steps of optimizers as ONNX spells them: R, T, then for all tensors the values, gradients and states.
namespace sinter::onnx {
namespace {

// How many tensors, when each has `kinds` inputs behind R and T.
size_t tensor_count(const NodeImport& in, size_t kinds) {
  const size_t rest = in.input_count() < 2 ? 0 : in.input_count() - 2;
  if (rest == 0 || rest % kinds != 0)
    in.reject(fmt::format("{} inputs; expected R, T and {} for each tensor", in.input_count(), kinds));
  return rest / kinds;
}

Value rate(NodeImport& in) { return reshape_to(in.value(0), {}); }

// base^T, for the bases between 0 and 1 that decay.
Value decayed(NodeImport& in, double base) {
  const Value step = as_type(reshape_to(in.value(1), {}), in.value(0).dtype());
  return exp(step * std::log(base));
}

Value regularized(Value gradient, double norm, Value x) { return norm == 0 ? gradient : gradient + norm * x; }

void adagrad(NodeImport& in) {
  const double decay = in.real("decay_factor", 0), epsilon = in.real("epsilon", 1e-6),
               norm = in.real("norm_coefficient", 0);
  const size_t n = tensor_count(in, 3);
  const Value step = as_type(reshape_to(in.value(1), {}), in.value(0).dtype());
  const Value r = rate(in) / (step * decay + 1.0);
  for (size_t i = 0; i < n; ++i) {
    const Value x = in.value(2 + i), g = regularized(in.value(2 + n + i), norm, x);
    const Value square = in.value(2 + 2 * n + i) + g * g;
    in.result(i, x - r * g / (sqrt(square) + epsilon));
    in.result(n + i, square);
  }
}

void adam(NodeImport& in) {
  const double alpha = in.real("alpha", 0.9), beta = in.real("beta", 0.999),
               epsilon = in.real("epsilon", 1e-6);
  const double norm = in.real("norm_coefficient", 0), norm_after = in.real("norm_coefficient_post", 0);
  if (alpha <= 0 || alpha >= 1 || beta <= 0 || beta >= 1)
    in.reject(fmt::format("alpha is {}, beta {}; expected numbers between 0 and 1", alpha, beta));
  const size_t n = tensor_count(in, 4);
  const Value step = reshape_to(in.value(1), {});
  const Value corrected = rate(in) * sqrt(1.0 - decayed(in, beta)) / (1.0 - decayed(in, alpha));
  const Value r = select(compare(step, like(step, 0), "gt"), corrected, rate(in));
  for (size_t i = 0; i < n; ++i) {
    const Value x = in.value(2 + i), g = regularized(in.value(2 + n + i), norm, x);
    const Value mean = alpha * in.value(2 + 2 * n + i) + (1 - alpha) * g;
    const Value square = beta * in.value(2 + 3 * n + i) + (1 - beta) * (g * g);
    const Value y = x - r * mean / (sqrt(square) + epsilon);
    in.result(i, norm_after == 0 ? y : (1 - norm_after) * y);
    in.result(n + i, mean);
    in.result(2 * n + i, square);
  }
}

void momentum(NodeImport& in) {
  const double alpha = in.real("alpha"), beta = in.real("beta"), norm = in.real("norm_coefficient");
  const std::string mode = in.word("mode");
  if (mode != "standard" && mode != "nesterov")
    in.reject(fmt::format("mode \"{}\"; expected standard or nesterov", mode));
  const size_t n = tensor_count(in, 3);
  const Value step = reshape_to(in.value(1), {}), r = rate(in);
  const Value gain = select(compare(step, like(step, 0), "gt"), like(r, beta), like(r, 1));
  for (size_t i = 0; i < n; ++i) {
    const Value x = in.value(2 + i), g = regularized(in.value(2 + n + i), norm, x);
    const Value velocity = alpha * in.value(2 + 2 * n + i) + gain * g;
    in.result(i, x - r * (mode == "standard" ? velocity : g + alpha * velocity));
    in.result(n + i, velocity);
  }
}

constexpr std::array<Op, 3> rows = {{
    {"Adagrad", {1}, adagrad, {}, {}, preview_training},
    {"Adam", {1}, adam, {}, {}, preview_training},
    {"Momentum", {1}, momentum, {}, {}, preview_training},
}};

}  // namespace

std::span<const Op> optimizer_ops() { return rows; }

}  // namespace sinter::onnx
