#include "api/builder_network.h"
#include "frontends/sinter/layer_call.h"

// The language's table of layers makes them: here is only what they are called and given in C++.
namespace sinter {

std::string BuilderAccess::layer_name(const SymbolicTensor& x, std::string_view kind, std::string name) {
  if (!name.empty()) return name;
  return fmt::format("{}{}", kind, ++x.network_->layers[std::string(kind)]);
}

Value BuilderAccess::value_beside(const SymbolicTensor& x, const SymbolicTensor& other) {
  if (x.network_ != other.network_) fail_input("tensors of two ModelBuilders stand in one layer");
  return value(other);
}

namespace {

using Given = std::vector<language::GivenArgument>;

Ints pair(const Size2d& size) { return {size.height, size.width}; }
Ints sides(const Padding2d& padding) { return {padding.top, padding.left, padding.bottom, padding.right}; }
std::string word(std::string_view text) { return std::string(text); }

// `kind` is what the language calls the layer; `name` is the layer's own, or empty.
SymbolicTensor layer(std::string_view kind, std::span<const SymbolicTensor> tensors, const Given& given,
                     std::string name = {}) {
  const SymbolicTensor& first = tensors[0];
  const std::string path = BuilderAccess::layer_name(first, kind, std::move(name));
  std::vector<Value> values;
  for (const SymbolicTensor& each : tensors) values.push_back(BuilderAccess::value_beside(first, each));
  return BuilderAccess::with(
      first, language::call_layer(kind, path, BuilderAccess::graph(first), std::move(values), given));
}

SymbolicTensor layer(std::string_view kind, const SymbolicTensor& x, const Given& given = {},
                     std::string name = {}) {
  return layer(kind, std::span(&x, 1), given, std::move(name));
}

SymbolicTensor binary(std::string_view kind, const SymbolicTensor& a, const SymbolicTensor& b) {
  const SymbolicTensor both[] = {a, b};
  return layer(kind, both, {});
}

}  // namespace

SymbolicTensor conv2d(const SymbolicTensor& x, int64_t out_channels, const ConvolutionOptions& options) {
  return layer("conv2d", x,
               {{"out_channels", out_channels},
                {"kernel_size", pair(options.kernel_size)},
                {"stride", pair(options.stride)},
                {"padding", sides(options.padding)},
                {"dilation", pair(options.dilation)},
                {"groups", options.groups},
                {"bias", options.bias}},
               options.name);
}

SymbolicTensor conv_transpose2d(const SymbolicTensor& x, int64_t out_channels,
                                const TransposedConvolutionOptions& options) {
  return layer("conv_transpose2d", x,
               {{"out_channels", out_channels},
                {"kernel_size", pair(options.kernel_size)},
                {"stride", pair(options.stride)},
                {"padding", sides(options.padding)},
                {"output_padding", pair(options.output_padding)},
                {"dilation", pair(options.dilation)},
                {"groups", options.groups},
                {"bias", options.bias}},
               options.name);
}

SymbolicTensor linear(const SymbolicTensor& x, int64_t out_features, const LinearOptions& options) {
  return layer("linear", x, {{"out_features", out_features}, {"bias", options.bias}}, options.name);
}

SymbolicTensor max_pool2d(const SymbolicTensor& x, const MaxPoolingOptions& options) {
  return layer("max_pool2d", x,
               {{"kernel_size", pair(options.kernel_size)},
                {"stride", pair(options.stride.value_or(options.kernel_size))},
                {"padding", sides(options.padding)},
                {"dilation", pair(options.dilation)},
                {"ceil_mode", options.ceil_mode}});
}

SymbolicTensor avg_pool2d(const SymbolicTensor& x, const AveragePoolingOptions& options) {
  return layer("avg_pool2d", x,
               {{"kernel_size", pair(options.kernel_size)},
                {"stride", pair(options.stride.value_or(options.kernel_size))},
                {"padding", sides(options.padding)},
                {"ceil_mode", options.ceil_mode},
                {"count_include_pad", options.count_include_pad}});
}

SymbolicTensor global_avg_pool2d(const SymbolicTensor& x) { return layer("global_avg_pool2d", x); }
SymbolicTensor global_max_pool2d(const SymbolicTensor& x) { return layer("global_max_pool2d", x); }

SymbolicTensor adaptive_avg_pool2d(const SymbolicTensor& x, Size2d output_size) {
  return layer("adaptive_avg_pool2d", x, {{"output_size", pair(output_size)}});
}
SymbolicTensor adaptive_max_pool2d(const SymbolicTensor& x, Size2d output_size) {
  return layer("adaptive_max_pool2d", x, {{"output_size", pair(output_size)}});
}

SymbolicTensor pad(const SymbolicTensor& x, Padding2d padding, std::string_view mode, double value) {
  return layer("pad", x, {{"padding", sides(padding)}, {"mode", word(mode)}, {"value", value}});
}
SymbolicTensor resize(const SymbolicTensor& x, Size2d size, std::string_view mode, bool align_corners) {
  return layer("resize", x, {{"size", pair(size)}, {"mode", word(mode)}, {"align_corners", align_corners}});
}

SymbolicTensor batch_norm(const SymbolicTensor& x, const BatchNormalizationOptions& options) {
  return layer("batch_norm", x,
               {{"eps", options.eps}, {"momentum", options.momentum}, {"affine", options.affine}},
               options.name);
}

SymbolicTensor batch_norm2d(const SymbolicTensor& x, const BatchNormalizationOptions& options) {
  BatchNormalizationOptions named = options;
  named.name = BuilderAccess::layer_name(x, "batch_norm2d", options.name);
  if (x.shape().size() != 4)
    fail_input("{}: found {}; expected [N, C, H, W]", named.name, to_string(BuilderAccess::value(x).type()));
  return batch_norm(x, named);
}

SymbolicTensor layer_norm(const SymbolicTensor& x, const LayerNormalizationOptions& options) {
  return layer("layer_norm", x, {{"dims", options.dims}, {"eps", options.eps}, {"affine", options.affine}},
               options.name);
}

SymbolicTensor group_norm(const SymbolicTensor& x, int64_t num_groups,
                          const GroupNormalizationOptions& options) {
  return layer("group_norm", x,
               {{"num_groups", num_groups}, {"eps", options.eps}, {"affine", options.affine}}, options.name);
}

SymbolicTensor instance_norm(const SymbolicTensor& x, const InstanceNormalizationOptions& options) {
  return layer("instance_norm", x, {{"eps", options.eps}, {"affine", options.affine}}, options.name);
}

SymbolicTensor local_response_norm(const SymbolicTensor& x, int64_t size, double alpha, double beta,
                                   double k) {
  return layer("local_response_norm", x, {{"size", size}, {"alpha", alpha}, {"beta", beta}, {"k", k}});
}

SymbolicTensor relu(const SymbolicTensor& x) { return layer("relu", x); }
SymbolicTensor relu6(const SymbolicTensor& x) { return layer("relu6", x); }
SymbolicTensor sigmoid(const SymbolicTensor& x) { return layer("sigmoid", x); }
SymbolicTensor tanh(const SymbolicTensor& x) { return layer("tanh", x); }
SymbolicTensor selu(const SymbolicTensor& x) { return layer("selu", x); }
SymbolicTensor silu(const SymbolicTensor& x) { return layer("silu", x); }
SymbolicTensor hard_sigmoid(const SymbolicTensor& x) { return layer("hard_sigmoid", x); }
SymbolicTensor hard_swish(const SymbolicTensor& x) { return layer("hard_swish", x); }

SymbolicTensor leaky_relu(const SymbolicTensor& x, double negative_slope) {
  return layer("leaky_relu", x, {{"negative_slope", negative_slope}});
}
SymbolicTensor elu(const SymbolicTensor& x, double alpha) { return layer("elu", x, {{"alpha", alpha}}); }
SymbolicTensor gelu(const SymbolicTensor& x, std::string_view approximate) {
  return layer("gelu", x, {{"approximate", word(approximate)}});
}
SymbolicTensor softplus(const SymbolicTensor& x, double beta, double threshold) {
  return layer("softplus", x, {{"beta", beta}, {"threshold", threshold}});
}
SymbolicTensor clip(const SymbolicTensor& x, double min, double max) {
  return layer("clip", x, {{"min", min}, {"max", max}});
}
SymbolicTensor prelu(const SymbolicTensor& x, const ParametricReluOptions& options) {
  return layer("prelu", x, {{"num_parameters", options.num_parameters}}, options.name);
}

SymbolicTensor softmax(const SymbolicTensor& x, int64_t dim) { return layer("softmax", x, {{"dim", dim}}); }
SymbolicTensor log_softmax(const SymbolicTensor& x, int64_t dim) {
  return layer("log_softmax", x, {{"dim", dim}});
}

SymbolicTensor dropout(const SymbolicTensor& x, double p) { return layer("dropout", x, {{"p", p}}); }
SymbolicTensor identity(const SymbolicTensor& x) { return layer("identity", x); }

SymbolicTensor flatten(const SymbolicTensor& x, int64_t start_dim, int64_t end_dim) {
  return layer("flatten", x, {{"start_dim", start_dim}, {"end_dim", end_dim}});
}

SymbolicTensor slice(const SymbolicTensor& x, int64_t dim, int64_t start, int64_t end, int64_t step) {
  return layer("slice", x, {{"dim", dim}, {"start", start}, {"end", end}, {"step", step}});
}

SymbolicTensor concat(const std::vector<SymbolicTensor>& tensors, int64_t dim) {
  if (tensors.empty()) fail_input("concat of no tensors; expected at least one");
  return layer("concat", std::span(tensors), {{"dim", dim}});
}

SymbolicTensor operator+(const SymbolicTensor& a, const SymbolicTensor& b) { return binary("add", a, b); }
SymbolicTensor operator-(const SymbolicTensor& a, const SymbolicTensor& b) { return binary("sub", a, b); }
SymbolicTensor operator*(const SymbolicTensor& a, const SymbolicTensor& b) { return binary("mul", a, b); }
SymbolicTensor operator/(const SymbolicTensor& a, const SymbolicTensor& b) { return binary("div", a, b); }
SymbolicTensor maximum(const SymbolicTensor& a, const SymbolicTensor& b) { return binary("maximum", a, b); }
SymbolicTensor minimum(const SymbolicTensor& a, const SymbolicTensor& b) { return binary("minimum", a, b); }

}  // namespace sinter
