#include "passes/optimizer.h"

#include "ir/error.h"

namespace sinter {
namespace {

// PyTorch's defaults.
double weight_decay(const PassOptions& options) {
  return options.weight_decay.value_or(options.optimizer == "adamw" ? 0.01 : 0.0);
}

Optimizer sgd(const PassOptions& options) {
  if (options.nesterov && options.momentum == 0) fail_input("nesterov needs a momentum above 0");
  return {OpKind::sgd_update,
          {{"velocity", options.momentum != 0}},
          {},
          {{"momentum", options.momentum},
           {"weight_decay", weight_decay(options)},
           {"nesterov", options.nesterov}}};
}

Optimizer adam(const PassOptions& options) {
  const AdaptiveOptions& adaptive = options.adaptive;
  if (options.momentum != 0)
    fail_input("{} has no momentum but beta1; momentum is {}", options.optimizer, options.momentum);
  return {OpKind::adam_update,
          {{"mean"}, {"square"}},
          {adaptive.beta1, adaptive.beta2},
          {{"beta1", adaptive.beta1},
           {"beta2", adaptive.beta2},
           {"eps", adaptive.eps},
           {"weight_decay", weight_decay(options)},
           {"decoupled", options.optimizer == "adamw"}}};
}

Optimizer rmsprop(const PassOptions& options) {
  const AdaptiveOptions& adaptive = options.adaptive;
  return {OpKind::rmsprop_update,
          {{"square"}, {"velocity", options.momentum != 0}, {"average", adaptive.centered}},
          {},
          {{"alpha", adaptive.alpha},
           {"eps", adaptive.eps},
           {"momentum", options.momentum},
           {"weight_decay", weight_decay(options)}}};
}

}  // namespace

Optimizer optimizer_of(const PassOptions& options) {
  const std::string& name = options.optimizer;
  if (options.nesterov && name != "sgd") fail_input("nesterov is a momentum of sgd; {} has none", name);
  if (options.adaptive.centered && name != "rmsprop")
    fail_input("centered is for rmsprop; the optimizer is {}", name);
  if (name == "sgd") return sgd(options);
  if (name == "adam" || name == "adamw") return adam(options);
  if (name == "rmsprop") return rmsprop(options);
  fail_input("unknown optimizer \"{}\"; expected sgd, adam, adamw or rmsprop", name);
}

}  // namespace sinter
