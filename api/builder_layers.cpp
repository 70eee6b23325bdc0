#include "api/builder_network.h"
#include "ir/build.h"

namespace sinter {

std::string BuilderAccess::enter(const SymbolicTensor& x, std::string_view kind, std::string name) {
  SymbolicTensor::Network& network = *x.network_;
  if (name.empty()) name = fmt::format("{}{}", kind, ++network.layers[std::string(kind)]);
  network.graph.at({.node = name});
  return name;
}

Value BuilderAccess::value_beside(const SymbolicTensor& x, const SymbolicTensor& other) {
  if (x.network_ != other.network_) fail_input("tensors of two ModelBuilders stand in one layer");
  return value(other);
}

namespace {

Ints pair(const Size2d& size) { return {size.height, size.width}; }
Ints sides(const Padding2d& padding) { return {padding.top, padding.left, padding.bottom, padding.right}; }

constexpr int64_t largest_parameter = int64_t{1} << 40;  // elements

// Refuses sizes that no memory has, before there is a graph of them.
Value parameter(Graph& graph, const std::string& layer, std::string_view name, DType dtype,
                const Shape& shape) {
  for (const Dim& dim : shape)
    if (dim.size < 1)
      fail_input("{}: a {} of {}; expected sizes of 1 or more", layer, name, to_string(shape));
  if (checked_product(sizes(shape)) > largest_parameter)
    fail_input("{}: a {} of {}; expected at most {} elements", layer, name, to_string(shape),
               largest_parameter);
  return graph.parameter(fmt::format("{}.{}", layer, name), {dtype, shape, {}});
}

// The size of a dimension that parameters depend on.
int64_t known(const std::string& layer, Value x, size_t rank, int64_t dim) {
  const Shape& shape = x.shape();
  const size_t place = dim < 0 ? shape.size() - 1 : static_cast<size_t>(dim);
  const bool fits = rank == 0 ? !shape.empty() : shape.size() == rank;
  if (!fits || shape[place].is_symbol())
    fail_input("{}: found {}; expected {}", layer, to_string(x.type()),
               rank == 4 ? "[N, C, H, W] with a known number of channels"
                         : "[..., features] with a known number of features");
  return shape[place].size;
}

SymbolicTensor unary(const SymbolicTensor& x, std::string_view kind, Value (*op)(Value)) {
  BuilderAccess::enter(x, kind);
  return BuilderAccess::with(x, op(BuilderAccess::value(x)));
}

SymbolicTensor binary(const SymbolicTensor& a, const SymbolicTensor& b, std::string_view kind,
                      Value (*op)(Value, Value)) {
  BuilderAccess::enter(a, kind);
  const Value left = BuilderAccess::value(a);
  return BuilderAccess::with(a, op(left, BuilderAccess::value_beside(a, b)));
}

}  // namespace

SymbolicTensor conv2d(const SymbolicTensor& tensor, int64_t out_channels, const ConvolutionOptions& options) {
  const std::string layer = BuilderAccess::enter(tensor, "conv2d", options.name);
  const Value x = BuilderAccess::value(tensor);
  const int64_t channels = known(layer, x, 4, 1), groups = options.groups;
  if (groups < 1 || channels % groups != 0 || out_channels % groups != 0)
    fail_input("{}: expected groups to divide {} input and {} output channels, found {}", layer, channels,
               out_channels, groups);
  Graph& graph = BuilderAccess::graph(tensor);
  const DType dtype = x.dtype();
  const Value weight =
      parameter(graph, layer, "weight", dtype,
                {out_channels, channels / groups, options.kernel_size.height, options.kernel_size.width});
  OptionalValue bias;
  if (options.bias) bias = parameter(graph, layer, "bias", dtype, {out_channels});
  return BuilderAccess::with(tensor, conv2d(x, weight, bias,
                                            {.stride = pair(options.stride),
                                             .padding = sides(options.padding),
                                             .dilation = pair(options.dilation),
                                             .groups = groups}));
}

SymbolicTensor linear(const SymbolicTensor& tensor, int64_t out_features, const LinearOptions& options) {
  const std::string layer = BuilderAccess::enter(tensor, "linear", options.name);
  const Value x = BuilderAccess::value(tensor);
  const int64_t features = known(layer, x, 0, -1);
  Graph& graph = BuilderAccess::graph(tensor);
  const DType dtype = x.dtype();
  const Value weight = parameter(graph, layer, "weight", dtype, {out_features, features});
  OptionalValue bias;
  if (options.bias) bias = parameter(graph, layer, "bias", dtype, {out_features});
  return BuilderAccess::with(tensor, linear(x, weight, bias));
}

SymbolicTensor batch_norm2d(const SymbolicTensor& tensor, const NormalizationOptions& options) {
  const std::string layer = BuilderAccess::enter(tensor, "batch_norm2d", options.name);
  const Value x = BuilderAccess::value(tensor);
  const int64_t channels = known(layer, x, 4, 1);
  Graph& graph = BuilderAccess::graph(tensor);
  const DType dtype = x.dtype();
  const Value weight = parameter(graph, layer, "weight", dtype, {channels});
  const Value bias = parameter(graph, layer, "bias", dtype, {channels});
  const Value mean = graph.state(layer + ".running_mean", {dtype, {channels}, {}});
  const Value variance = graph.state(layer + ".running_var", {dtype, {channels}, {}});
  return BuilderAccess::with(tensor, batch_norm(x, mean, variance, weight, bias,
                                                {.epsilon = options.eps, .momentum = options.momentum}));
}

SymbolicTensor max_pool2d(const SymbolicTensor& x, const PoolingOptions& options) {
  BuilderAccess::enter(x, "max_pool2d");
  return BuilderAccess::with(
      x, max_pool2d(BuilderAccess::value(x), {.kernel_size = pair(options.kernel_size),
                                              .stride = options.stride ? pair(*options.stride) : Ints{},
                                              .padding = sides(options.padding),
                                              .ceil_mode = options.ceil_mode}));
}

SymbolicTensor avg_pool2d(const SymbolicTensor& x, const PoolingOptions& options) {
  BuilderAccess::enter(x, "avg_pool2d");
  return BuilderAccess::with(
      x, avg_pool2d(BuilderAccess::value(x), {.kernel_size = pair(options.kernel_size),
                                              .stride = options.stride ? pair(*options.stride) : Ints{},
                                              .padding = sides(options.padding),
                                              .ceil_mode = options.ceil_mode}));
}

SymbolicTensor global_avg_pool2d(const SymbolicTensor& x) {
  return unary(x, "global_avg_pool2d", global_avg_pool2d);
}

SymbolicTensor relu(const SymbolicTensor& x) { return unary(x, "relu", relu); }
SymbolicTensor sigmoid(const SymbolicTensor& x) { return unary(x, "sigmoid", sigmoid); }
SymbolicTensor tanh(const SymbolicTensor& x) { return unary(x, "tanh", tanh); }
SymbolicTensor silu(const SymbolicTensor& x) { return unary(x, "silu", silu); }
SymbolicTensor hard_swish(const SymbolicTensor& x) { return unary(x, "hard_swish", hard_swish); }
SymbolicTensor gelu(const SymbolicTensor& x) {
  return unary(x, "gelu", [](Value value) { return gelu(value); });
}

SymbolicTensor leaky_relu(const SymbolicTensor& x, double negative_slope) {
  BuilderAccess::enter(x, "leaky_relu");
  return BuilderAccess::with(x, leaky_relu(BuilderAccess::value(x), {.alpha = negative_slope}));
}

SymbolicTensor softmax(const SymbolicTensor& x, int64_t dim) {
  BuilderAccess::enter(x, "softmax");
  return BuilderAccess::with(x, softmax(BuilderAccess::value(x), {.axis = dim}));
}

SymbolicTensor dropout(const SymbolicTensor& x, double p) {
  const std::string layer = BuilderAccess::enter(x, "dropout");
  if (!(p >= 0 && p <= 1)) fail_input("{}: expected p from 0 to 1, found {}", layer, p);
  return p == 0 ? x : BuilderAccess::with(x, dropout(BuilderAccess::value(x), p));
}

SymbolicTensor flatten(const SymbolicTensor& x) {
  BuilderAccess::enter(x, "flatten");
  return BuilderAccess::with(x, flatten(BuilderAccess::value(x), FlattenOptions{}));
}

SymbolicTensor concat(const std::vector<SymbolicTensor>& tensors, int64_t dim) {
  if (tensors.empty()) fail_input("concat of no tensors; expected at least one");
  BuilderAccess::enter(tensors[0], "concat");
  std::vector<Value> values;
  for (const SymbolicTensor& each : tensors) values.push_back(BuilderAccess::value_beside(tensors[0], each));
  return BuilderAccess::with(tensors[0], concat(values, dim));
}

SymbolicTensor operator+(const SymbolicTensor& a, const SymbolicTensor& b) {
  return binary(a, b, "add", add);
}
SymbolicTensor operator-(const SymbolicTensor& a, const SymbolicTensor& b) {
  return binary(a, b, "sub", sub);
}
SymbolicTensor operator*(const SymbolicTensor& a, const SymbolicTensor& b) {
  return binary(a, b, "mul", mul);
}

}  // namespace sinter
