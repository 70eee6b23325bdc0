#include "frontends/sinter/layers.h"

#include <array>

#include "frontends/sinter/activation_layers.h"
#include "frontends/sinter/normalization_layers.h"
#include "frontends/sinter/spatial_layers.h"
#include "ir/build.h"

namespace sinter::language {
namespace {

// PyTorch's padding="same": as much as keeps the size, the odd one at the bottom and the right.
Ints same_padding(const LayerArguments& given, const Ints& kernel) {
  if (given.pair("stride") != Ints{1, 1}) given.reject("padding=\"same\" needs stride=1");
  const Ints dilation = given.pair("dilation");
  const int64_t height = (kernel[0] - 1) * dilation[0], width = (kernel[1] - 1) * dilation[1];
  return {height / 2, width / 2, height - height / 2, width - width / 2};
}

Ints convolution_padding(const LayerArguments& given, const Ints& kernel) {
  static constexpr std::array<std::string_view, 2> words = {"valid", "same"};
  const auto word = given.word_if_any("padding", words);
  if (!word) return given.padding("padding");
  return *word == "same" ? same_padding(given, kernel) : Ints{0, 0, 0, 0};
}

Value build_conv2d(const LayerArguments& given) {
  const Value x = given.value("x");
  if (x.shape().size() != 4)
    given.reject(fmt::format("conv2d works on f32[N, C, H, W], found {}", to_string(x.type())));
  const Dim& in_channels = x.shape()[1];
  if (in_channels.is_symbol())
    given.reject(fmt::format("conv2d needs a known number of channels, found {}", to_string(x.type())));
  const int64_t out_channels = given.count("out_channels");
  const Ints kernel = given.pair("kernel_size");
  const Ints stride = given.pair("stride"), padding = convolution_padding(given, kernel);
  const Ints dilation = given.pair("dilation");
  const int64_t groups = given.count("groups");
  if (in_channels.size % groups != 0 || out_channels % groups != 0)
    given.reject(fmt::format("conv2d: expected groups to divide {} input and {} output channels, found {}",
                             in_channels.size, out_channels, groups));
  const bool has_bias = given.boolean("bias");
  const Value weight =
      given.parameter("weight", x.dtype(), {out_channels, in_channels.size / groups, kernel[0], kernel[1]});
  OptionalValue bias;
  if (has_bias) bias = given.parameter("bias", x.dtype(), {out_channels});
  return conv2d(x, weight, bias,
                {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups});
}

// The gradient of a convolution by its data, as a layer: stride - 1 zeros between the pixels of x. Of the
// sizes that a convolution would turn into x's, output_padding says which.
Ints transposed_size(const LayerArguments& given, const Shape& x, const Ints& kernel, const Ints& padding) {
  const Ints stride = given.pair("stride"), dilation = given.pair("dilation");
  const Ints more = given.padding("output_padding");
  Ints size;
  for (int i = 0; i < 2; ++i) {
    if (more[i] >= stride[i])
      given.reject(fmt::format("conv_transpose2d: expected output_padding below stride, found {} and {}",
                               more[i], stride[i]));
    size.push_back((x[2 + i].size - 1) * stride[i] - padding[i] - padding[i + 2] +
                   dilation[i] * (kernel[i] - 1) + more[i] + 1);
    if (size.back() < 1)
      given.reject(fmt::format("conv_transpose2d: expected padding that leaves something of the {}, found {}",
                               i == 0 ? "height" : "width", fmt::join(padding, ", ")));
  }
  return size;
}

Value build_conv_transpose2d(const LayerArguments& given) {
  const Value x = given.value("x");
  const Shape shape = x.shape();
  if (shape.size() != 4 || shape[1].is_symbol() || shape[2].is_symbol() || shape[3].is_symbol())
    given.reject(fmt::format("conv_transpose2d works on f32[N, C, H, W] of known C, H and W, found {}",
                             to_string(x.type())));
  const int64_t out_channels = given.count("out_channels"), groups = given.count("groups");
  if (shape[1].size % groups != 0 || out_channels % groups != 0)
    given.reject(
        fmt::format("conv_transpose2d: expected groups to divide {} input and {} output channels, found {}",
                    shape[1].size, out_channels, groups));
  const Ints kernel = given.pair("kernel_size"), padding = given.padding("padding");
  const Ints size = transposed_size(given, shape, kernel, padding);
  const Value weight =
      given.parameter("weight", x.dtype(), {shape[1], out_channels / groups, kernel[0], kernel[1]});
  const Value y = apply(OpKind::conv2d_backward_data, {x, weight},
                        {{"input_size", size},
                         {"stride", given.pair("stride")},
                         {"padding", padding},
                         {"dilation", given.pair("dilation")},
                         {"groups", groups}});
  if (!given.boolean("bias")) return y;
  const Value bias = given.parameter("bias", x.dtype(), {out_channels});
  return add(y, reshape(bias, {1, out_channels, 1, 1}));
}

Value build_linear(const LayerArguments& given) {
  const Value x = given.value("x");
  if (x.shape().empty() || x.shape().back().is_symbol())
    given.reject(fmt::format("linear needs a known number of features last, found {}", to_string(x.type())));
  const int64_t out_features = given.count("out_features");
  const bool has_bias = given.boolean("bias");
  const Value weight = given.parameter("weight", x.dtype(), {out_features, x.shape().back()});
  OptionalValue bias;
  if (has_bias) bias = given.parameter("bias", x.dtype(), {out_features});
  return linear(x, weight, bias);
}

// The op's own default is the kernel's size: leaving it to that keeps one text for one pool.
Ints pool_stride(const LayerArguments& given) {
  const Ints stride = given.pair("stride");
  return stride == given.pair("kernel_size") ? Ints{} : stride;
}

Value build_max_pool2d(const LayerArguments& given) {
  return max_pool2d(given.value("x"), {.kernel_size = given.pair("kernel_size"),
                                       .stride = pool_stride(given),
                                       .padding = given.padding("padding"),
                                       .dilation = given.pair("dilation"),
                                       .ceil_mode = given.boolean("ceil_mode")});
}

Value build_avg_pool2d(const LayerArguments& given) {
  return avg_pool2d(given.value("x"), {.kernel_size = given.pair("kernel_size"),
                                       .stride = pool_stride(given),
                                       .padding = given.padding("padding"),
                                       .count_include_pad = given.boolean("count_include_pad"),
                                       .ceil_mode = given.boolean("ceil_mode")});
}

Value build_flatten(const LayerArguments& given) {
  return flatten(given.value("x"),
                 {.start_dim = given.integer("start_dim"), .end_dim = given.integer("end_dim")});
}

Value build_concat(const LayerArguments& given) { return concat(given.values(), given.integer("dim")); }

// Any size where x has no such dimension: the op refuses it.
Dim size_along(const Shape& shape, int64_t dim) {
  const int64_t rank = std::ssize(shape), axis = dim < 0 ? dim + rank : dim;
  return axis >= 0 && axis < rank ? shape[axis] : Dim(INT32_MAX);
}

Value build_slice(const LayerArguments& given) {
  const Value x = given.value("x");
  const int64_t dim = given.integer("dim");
  const Dim size = size_along(x.shape(), dim);
  return slice(x, {.axis = dim,
                   .start = given.place("start", size),
                   .end = given.place("end", size),
                   .step = given.integer("step")});
}

Value build_global_max_pool2d(const LayerArguments& given) {
  const Value x = given.value("x");
  const Shape& shape = x.shape();
  if (shape.size() != 4 || shape[2].is_symbol() || shape[3].is_symbol())
    given.reject(
        fmt::format("global_max_pool2d works on f32[N, C, H, W] of a known height and width, found {}",
                    to_string(x.type())));
  return max_pool2d(x, {.kernel_size = {shape[2].size, shape[3].size}});
}

Value build_dropout(const LayerArguments& given) {
  const Value x = given.value("x");
  const double p = given.real("p");
  if (p < 0 || p > 1) given.reject(fmt::format("dropout: expected p from 0 to 1, found {}", p));
  return p == 0 ? x : dropout(x, p);
}

Value build_identity(const LayerArguments& given) { return given.value("x"); }

template <Value (*op)(Value)>
Value build_unary(const LayerArguments& given) {
  return op(given.value("x"));
}

template <Value (*op)(Value, Value)>
Value build_binary(const LayerArguments& given) {
  return op(given.value("a"), given.value("b"));
}

template <Value (*op)(Value, const AxisOptions&)>
Value build_over_axis(const LayerArguments& given) {
  return op(given.value("x"), {.axis = given.integer("dim")});
}

constexpr std::array layers = {
    LayerDef{"conv2d(x, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=true)",
             build_conv2d},
    LayerDef{"conv_transpose2d(x, out_channels, kernel_size, stride=1, padding=0, output_padding=0, "
             "dilation=1, groups=1, bias=true)",
             build_conv_transpose2d},
    LayerDef{"linear(x, out_features, bias=true)", build_linear},
    LayerDef{"max_pool2d(x, kernel_size, stride=kernel_size, padding=0, dilation=1, ceil_mode=false)",
             build_max_pool2d},
    LayerDef{"avg_pool2d(x, kernel_size, stride=kernel_size, padding=0, ceil_mode=false, "
             "count_include_pad=true)",
             build_avg_pool2d},
    LayerDef{"global_avg_pool2d(x)", build_unary<global_avg_pool2d>},
    LayerDef{"adaptive_avg_pool2d(x, output_size)", build_adaptive_avg_pool2d},
    LayerDef{"adaptive_max_pool2d(x, output_size)", build_adaptive_max_pool2d},
    LayerDef{"pad(x, padding, mode=\"constant\", value=0.0)", build_pad},
    LayerDef{"resize(x, size, mode=\"nearest\", align_corners=false)", build_resize},
    LayerDef{"batch_norm(x, eps=1e-5, momentum=0.1, affine=true)", build_batch_norm},
    LayerDef{"layer_norm(x, dims=1, eps=1e-5, affine=true)", build_layer_norm},
    LayerDef{"group_norm(x, num_groups, eps=1e-5, affine=true)", build_group_norm},
    LayerDef{"instance_norm(x, eps=1e-5, affine=false)", build_instance_norm},
    LayerDef{"local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0)", build_local_response_norm},
    LayerDef{"relu(x)", build_unary<relu>},
    LayerDef{"sigmoid(x)", build_unary<sigmoid>},
    LayerDef{"tanh(x)", build_unary<tanh>},
    LayerDef{"leaky_relu(x, negative_slope=0.01)", build_leaky_relu},
    LayerDef{"elu(x, alpha=1.0)", build_elu},
    LayerDef{"selu(x)", build_unary<selu>},
    LayerDef{"gelu(x, approximate=\"none\")", build_gelu},
    LayerDef{"silu(x)", build_unary<silu>},
    LayerDef{"hard_sigmoid(x)", build_unary<hard_sigmoid>},
    LayerDef{"hard_swish(x)", build_unary<hard_swish>},
    LayerDef{"softplus(x, beta=1.0, threshold=20.0)", build_softplus},
    LayerDef{"relu6(x)", build_relu6},
    LayerDef{"clip(x, min, max)", build_clip},
    LayerDef{"prelu(x, num_parameters=1)", build_prelu},
    LayerDef{"dropout(x, p=0.5)", build_dropout},
    LayerDef{"flatten(x, start_dim=1, end_dim=-1)", build_flatten},
    LayerDef{"global_max_pool2d(x)", build_global_max_pool2d},
    LayerDef{"concat(x, dim=1)", build_concat, true},
    LayerDef{"slice(x, dim, start, end, step=1)", build_slice},
    LayerDef{"softmax(x, dim)", build_over_axis<softmax>},
    LayerDef{"log_softmax(x, dim)", build_over_axis<log_softmax>},
    LayerDef{"identity(x)", build_identity},
    LayerDef{"add(a, b)", build_binary<add>},
    LayerDef{"sub(a, b)", build_binary<sub>},
    LayerDef{"mul(a, b)", build_binary<mul>},
    LayerDef{"div(a, b)", build_binary<div>},
    LayerDef{"maximum(a, b)", build_binary<maximum>},
    LayerDef{"minimum(a, b)", build_binary<minimum>},
};

}  // namespace

std::span<const LayerDef> layer_table() { return layers; }

}  // namespace sinter::language
