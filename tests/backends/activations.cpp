#include "tests/backends/activations.h"

namespace sinter {

const std::vector<Activation>& activations_behind_products() {
  static const std::vector<Activation> activations = {
      {"relu", [](Value x) { return relu(x); }, true},
      {"leaky_relu", [](Value x) { return leaky_relu(x, {.alpha = 0.25}); }},
      {"sigmoid", [](Value x) { return sigmoid(x); }},
      {"tanh", [](Value x) { return tanh(x); }},
      {"relu6", [](Value x) { return clip(x, {.min = 0, .max = 6}); }, true},
      {"clip", [](Value x) { return clip(x, {.min = 0.5, .max = 1}); }, true},
      {"elu", [](Value x) { return elu(x); }},
      {"elu, steep", [](Value x) { return elu(x, {.alpha = 2.5}); }},
      {"selu", [](Value x) { return selu(x); }},
      {"gelu", [](Value x) { return gelu(x); }},
      {"gelu by tanh", [](Value x) { return gelu(x, {.approximate = "tanh"}); }},
      {"silu", [](Value x) { return silu(x); }},
      {"hard_sigmoid", [](Value x) { return hard_sigmoid(x); }, true},
      {"hard_swish", [](Value x) { return hard_swish(x); }},
      {"softplus", [](Value x) { return softplus(x); }},
      {"softplus, steep", [](Value x) { return softplus(x, {.beta = 2}); }},
  };
  return activations;
}

}  // namespace sinter
