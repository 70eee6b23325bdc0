#include "frontends/sinter/normalization_layers.h"

#include <span>

#include "ir/build.h"

namespace sinter::language {
namespace {

// PyTorch's BatchNorm1d and BatchNorm2d: [N, C], [N, C, L] and [N, C, H, W], the first two as pictures of
// height and width 1.
Value as_picture(const LayerArguments& given, Value x) {
  const Shape& shape = x.shape();
  if (shape.size() < 2 || shape.size() > 4)
    given.reject(fmt::format("batch_norm works on f32[N, C], [N, C, L] or [N, C, H, W], found {}",
                             to_string(x.type())));
  for (size_t d = 1; d < shape.size(); ++d)
    if (shape[d].is_symbol())
      given.reject(fmt::format("batch_norm needs a known number of channels, found {}", to_string(x.type())));
  if (shape.size() == 4) return x;
  return reshape(x, {-1, shape[1].size, 1, shape.size() == 3 ? shape[2].size : 1});
}

// A shape to which values of any batch are reshaped.
Ints any_batch(const Shape& shape) {
  Ints sizes = {-1};
  for (size_t d = 1; d < shape.size(); ++d) sizes.push_back(shape[d].size);
  return sizes;
}

void check_sizes(const LayerArguments& given, std::string_view layer, const Shape& shape) {
  bool known = shape.size() >= 2;
  for (size_t d = 1; d < shape.size(); ++d) known = known && !shape[d].is_symbol() && shape[d].size > 0;
  if (!known)
    given.reject(fmt::format("{} works on f32[N, C, ...] of known sizes, found {}", layer, to_string(shape)));
}

int64_t product(std::span<const Dim> sizes) {
  int64_t count = 1;
  for (const Dim& dim : sizes) count *= dim.size;
  return count;
}

// Each run of `length` neighbours with its mean taken off and divided by its standard deviation:
// [N, runs, length].
Value normalized_runs(Value x, int64_t length, double eps) {
  const int64_t count = product(std::span(x.shape()).subspan(1));
  const Value runs = reshape(x, {-1, count / length, length});
  const Value centred = runs - mean(runs, {.axes = {2}, .keepdims = true});
  const Value variance = mean(centred * centred, {.axes = {2}, .keepdims = true});
  return centred / sqrt(variance + eps);
}

// y times weight plus bias, both of `shape`, each reshaped so that it broadcasts to y.
Value scaled_and_shifted(const LayerArguments& given, Value y, const Shape& shape, const Ints& broadcast) {
  const Value weight = given.parameter("weight", y.dtype(), shape);
  const Value bias = given.parameter("bias", y.dtype(), shape);
  return y * reshape(weight, broadcast) + reshape(bias, broadcast);
}

Value grouped_norm(const LayerArguments& given, std::string_view layer, int64_t groups) {
  const Value x = given.value("x");
  const Shape shape = x.shape();
  const int64_t channels = shape[1].size, each = product(std::span(shape).subspan(2));
  if (channels % groups != 0)
    given.reject(
        fmt::format("{}: expected num_groups to divide {} channels, found {}", layer, channels, groups));
  Value y = normalized_runs(x, channels / groups * each, given.real("eps"));
  if (given.boolean("affine"))
    y = scaled_and_shifted(given, reshape(y, {-1, channels, each}), {channels}, {channels, 1});
  return reshape(y, any_batch(shape));
}

}  // namespace

Value build_layer_norm(const LayerArguments& given) {
  const Value x = given.value("x");
  check_sizes(given, "layer_norm", x.shape());
  const Shape shape = x.shape();
  const int64_t dims = given.count("dims"), rank = static_cast<int64_t>(shape.size());
  if (dims >= rank)
    given.reject(fmt::format("layer_norm: expected dims from 1 to {}, found {}", rank - 1, dims));
  const Shape normalized(shape.end() - dims, shape.end());
  const int64_t length = product(normalized);
  Value y = normalized_runs(x, length, given.real("eps"));
  if (given.boolean("affine")) y = scaled_and_shifted(given, y, normalized, {length});
  return reshape(y, any_batch(shape));
}

Value build_group_norm(const LayerArguments& given) {
  check_sizes(given, "group_norm", given.value("x").shape());
  return grouped_norm(given, "group_norm", given.count("num_groups"));
}

Value build_instance_norm(const LayerArguments& given) {
  const Shape shape = given.value("x").shape();
  check_sizes(given, "instance_norm", shape);
  return grouped_norm(given, "instance_norm", shape[1].size);
}

// As PyTorch writes it: the mean of squares over neighbouring channels is an average pool along them.
Value build_local_response_norm(const LayerArguments& given) {
  const Value x = given.value("x");
  const Shape shape = x.shape();
  check_sizes(given, "local_response_norm", shape);
  const int64_t size = given.count("size"), channels = shape[1].size;
  if (given.real("k") <= 0)
    given.reject(fmt::format("local_response_norm: expected k above 0, found {}", given.real("k")));
  const int64_t each = product(std::span(shape).subspan(2));
  const Value squares = reshape(x * x, {-1, 1, channels, each});
  const Value means = avg_pool2d(
      squares, {.kernel_size = {size, 1}, .stride = {1, 1}, .padding = {size / 2, 0, (size - 1) / 2, 0}});
  const Value divisor = reshape(means, any_batch(shape)) * given.real("alpha") + given.real("k");
  return x * exp(log(divisor) * -given.real("beta"));
}

Value build_batch_norm(const LayerArguments& given) {
  const Value x = given.value("x");
  const Value picture = as_picture(given, x);
  const BatchNormOptions options{.epsilon = given.real("eps"), .momentum = given.real("momentum")};
  const Shape channels = {picture.shape()[1]};
  OptionalValue weight, bias;
  if (given.boolean("affine")) {
    weight = given.parameter("weight", x.dtype(), channels);
    bias = given.parameter("bias", x.dtype(), channels);
  }
  const Value mean = given.state("running_mean", x.dtype(), channels);
  const Value variance = given.state("running_var", x.dtype(), channels);
  const Value y = batch_norm(picture, mean, variance, weight, bias, options);
  if (x.shape().size() == 4) return y;
  return reshape(y, any_batch(x.shape()));
}

}  // namespace sinter::language
