#include "frontends/sinter/normalization_layers.h"

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

}  // namespace

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
  Ints shape = {-1};
  for (size_t d = 1; d < x.shape().size(); ++d) shape.push_back(x.shape()[d].size);
  return reshape(y, shape);
}

}  // namespace sinter::language
