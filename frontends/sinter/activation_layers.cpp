#include "frontends/sinter/activation_layers.h"

#include <array>

#include "ir/build.h"

namespace sinter::language {

Value build_leaky_relu(const LayerArguments& given) {
  return leaky_relu(given.value("x"), {.alpha = given.real("negative_slope")});
}

Value build_elu(const LayerArguments& given) { return elu(given.value("x"), {.alpha = given.real("alpha")}); }

Value build_gelu(const LayerArguments& given) {
  static constexpr std::array<std::string_view, 2> words = {"none", "tanh"};
  return gelu(given.value("x"), {.approximate = given.word("approximate", words)});
}

Value build_softplus(const LayerArguments& given) {
  return softplus(given.value("x"), {.beta = given.real("beta"), .threshold = given.real("threshold")});
}

Value build_clip(const LayerArguments& given) {
  return clip(given.value("x"), {.min = given.real("min"), .max = given.real("max")});
}

Value build_relu6(const LayerArguments& given) { return clip(given.value("x"), {.min = 0, .max = 6}); }

Value build_prelu(const LayerArguments& given) {
  const Value x = given.value("x");
  return prelu(x, given.parameter("weight", x.dtype(), {given.count("num_parameters")}));
}

}  // namespace sinter::language
