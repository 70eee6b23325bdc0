#include <array>
#include <numeric>

#include "frontends/onnx/element_types.h"
#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

// x [N, C, ...] as [N, C, H, W].
Value as_planes(NodeImport& in, Value x) {
  const Shape& shape = x.shape();
  if (shape.size() < 2) in.reject(fmt::format("x is {}; expected N, C and more", to_string(x.type())));
  if (shape.size() == 4) return x;
  if (shape.size() == 2) return reshape_to(x, {shape[0], shape[1], 1, 1});
  return reshape_to(x, {shape[0], shape[1], -1, 1});
}

// The running statistics keep `momentum` of what they were; the batch's variance is the biased one.
void batch_norm_training(NodeImport& in, Value x, double epsilon) {
  const double momentum = in.real("momentum", 0.9);
  const Value planes = as_planes(in, x);
  Graph& graph = in.graph();
  const auto y =
      graph.append(OpKind::batch_norm_training, std::vector<OptionalValue>{planes, in.value(1), in.value(2)},
                   Attributes(OpKind::batch_norm_training, {{"epsilon", epsilon}}));
  in.result(0, reshape_to(y[0], x.shape()));
  for (size_t i = 1; i < 3; ++i)
    if (in.wants(i)) in.result(i, momentum * in.value(2 + i) + (1 - momentum) * y[i]);
}

void batch_norm_op(NodeImport& in) {
  const Value x = in.value(0);
  const double epsilon = in.real("epsilon", 1e-5);
  in.attribute("is_test");
  if (in.version() < 9 && !in.flag("spatial", true)) in.reject("spatial is 0; expected 1");
  bool statistics = false;  // of the batch, which only a step of training has
  for (size_t i = 1; i < 5; ++i) statistics = in.wants(i) || statistics;
  const bool training = in.version() >= 14 ? in.flag("training_mode", false) : in.node().outputs.size() > 1;
  if (statistics && training && in.version() >= 14) return batch_norm_training(in, x, epsilon);
  if (statistics) in.reject("outputs of training; expected a model for inference");
  if (training) in.note_training();
  const double momentum = in.real("momentum", 0.9);
  const Value y = batch_norm(as_planes(in, x), in.value(3), in.value(4), in.value(1), in.value(2),
                             {.epsilon = epsilon, .momentum = decimal(static_cast<float>(1 - momentum))});
  in.result(0, reshape_to(y, x.shape()));
}

Ints axes_from(size_t first, size_t rank) {
  Ints axes(rank - first);
  std::iota(axes.begin(), axes.end(), static_cast<int64_t>(first));
  return axes;
}

struct Normalized {
  Value y, mean, inverse_deviation;
};

Normalized normalized(Value x, const Ints& axes, double epsilon) {
  const Value mean = sinter::mean(x, {.axes = axes, .keepdims = true});
  const Value centered = x - mean;
  const Value variance = sinter::mean(centered * centered, {.axes = axes, .keepdims = true});
  const Value inverse = like(x, 1) / sqrt(variance + epsilon);
  return {centered * inverse, mean, inverse};
}

void layer_norm(NodeImport& in) {
  const Value x = in.value(0);
  const size_t axis = in.axis(in.integer("axis", -1), x.shape().size());
  in.attribute("stash_type");
  const auto [y, mean, inverse] = normalized(x, axes_from(axis, x.shape().size()), in.real("epsilon", 1e-5));
  Value result = y * in.value(1);
  if (in.has(2)) result = result + in.value(2);
  in.result(0, result);
  in.result(1, mean);
  in.result(2, inverse);
}

void rms_norm(NodeImport& in) {
  const Value x = in.value(0);
  const size_t axis = in.axis(in.integer("axis", -1), x.shape().size());
  in.attribute("stash_type");
  const Value square = mean(x * x, {.axes = axes_from(axis, x.shape().size()), .keepdims = true});
  in.result(0, x / sqrt(square + in.real("epsilon", 1e-5)) * in.value(1));
}

// One number for each channel, against [N, C, ...].
Value of_channels(Value value, size_t rank) {
  Shape shape(rank - 1, Dim(1));
  shape[0] = Dim(-1);
  return reshape_to(value, shape);
}

void instance_norm(NodeImport& in) {
  const Value x = in.value(0);
  const size_t rank = x.shape().size();
  if (rank < 3) in.reject(fmt::format("x is {}; expected N, C and more", to_string(x.type())));
  const Value y = normalized(x, axes_from(2, rank), in.real("epsilon", 1e-5)).y;
  in.result(0, y * of_channels(in.value(1), rank) + of_channels(in.value(2), rank));
}

// Opset 18 has scales for groups, 21 for channels.
void group_norm(NodeImport& in) {
  const Value x = in.value(0);
  const size_t rank = x.shape().size();
  const int64_t groups = in.integer("num_groups");
  in.attribute("stash_type");
  const Shape shape = x.shape();
  if (rank < 3 || shape[1].is_symbol() || groups < 1 || shape[1].size % groups != 0)
    in.reject(fmt::format("x is {}; expected N, C and more, C in {} groups", to_string(x.type()), groups));
  const Value split = reshape_to(x, {shape[0], groups, -1});
  const Value y = normalized(split, {2}, in.real("epsilon", 1e-5)).y;
  if (in.version() < 21) {
    const Value scaled = y * of_channels(in.value(1), 3) + of_channels(in.value(2), 3);
    return in.result(0, reshape_to(scaled, shape));
  }
  in.result(0, reshape_to(y, shape) * of_channels(in.value(1), rank) + of_channels(in.value(2), rank));
}

// The sum over neighbouring channels is a pool over channels, which stand as rows.
void lrn(NodeImport& in) {
  const Value x = in.value(0);
  const Shape shape = x.shape();
  const int64_t size = in.integer("size");
  const double alpha = in.real("alpha", 1e-4), beta = in.real("beta", 0.75), bias = in.real("bias", 1);
  if (shape.size() < 2 || size < 1) in.reject(fmt::format("size {} on x {}", size, to_string(x.type())));
  const Value rows = reshape_to(x * x, {shape[0], 1, shape[1], -1});
  const int64_t before = (size - 1) / 2;
  const Value mean = avg_pool2d(
      rows, {.kernel_size = {size, 1}, .stride = {1, 1}, .padding = {before, 0, size - 1 - before, 0}});
  const Value scale = reshape_to(mean, shape) * alpha + bias;
  in.result(0, x * exp(-beta * log(scale)));
}

void lp_norm(NodeImport& in) {
  const Value x = in.value(0);
  const auto axis = static_cast<int64_t>(in.axis(in.integer("axis", -1), x.shape().size()));
  const ReduceOptions over{.axes = {axis}, .keepdims = true};
  const int64_t p = in.integer("p", 2);
  if (p != 1 && p != 2) in.reject(fmt::format("p is {}; expected 1 or 2", p));
  in.result(0, x / (p == 1 ? sum(absolute(x), over) : sqrt(sum(x * x, over))));
}

void mean_variance_norm(NodeImport& in) {
  const Value x = in.value(0);
  const Ints axes = in.axes(in.ints("axes", Ints{0, 2, 3}), x.shape().size());
  in.result(0, normalized(x, axes, 1e-9).y);
}

constexpr std::array<Op, 8> rows = {{
    {"BatchNormalization", {6, 7, 9, 14, 15}, batch_norm_op, {1, 2}, {3, 4}},
    {"LayerNormalization", {17}, layer_norm, {1, 2}},
    {"RMSNormalization", {23}, rms_norm, {1}},
    {"InstanceNormalization", {6}, instance_norm, {1, 2}},
    {"GroupNormalization", {18, 21}, group_norm, {1, 2}},
    {"LRN", {1, 13}, lrn},
    {"LpNormalization", {1}, lp_norm},
    {"MeanVarianceNormalization", {9, 13}, mean_variance_norm},
}};

}  // namespace

std::span<const Op> normalization_ops() { return rows; }

}  // namespace sinter::onnx
