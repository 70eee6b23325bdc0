#include "api/training_plan.h"

#include "api/execution.h"

namespace sinter {
namespace {

constexpr double greatest = 1e6;         // of what has no bound of its own
constexpr double below_one = 1 - 1e-12;  // an average that keeps everything never learns

void apply(const Sgd& sgd, PassOptions& options) {
  check_option("momentum", sgd.momentum, 0, 1);
  check_option("weight_decay", sgd.weight_decay, 0, greatest);
  options.optimizer = "sgd";
  options.momentum = sgd.momentum;
  options.weight_decay = sgd.weight_decay;
  options.nesterov = sgd.nesterov;
}

template <typename AdamOrAdamW>
void apply_adam(const AdamOrAdamW& adam, std::string_view name, PassOptions& options) {
  check_option("beta1", adam.beta1, 0, below_one);
  check_option("beta2", adam.beta2, 0, below_one);
  check_option("eps", adam.eps, 1e-30, greatest);
  check_option("weight_decay", adam.weight_decay, 0, greatest);
  options.optimizer = name;
  options.weight_decay = adam.weight_decay;
  options.adaptive = {.beta1 = adam.beta1, .beta2 = adam.beta2, .eps = adam.eps};
}

void apply(const Adam& adam, PassOptions& options) { apply_adam(adam, "adam", options); }
void apply(const AdamW& adamw, PassOptions& options) { apply_adam(adamw, "adamw", options); }

void apply(const RmsProp& rmsprop, PassOptions& options) {
  check_option("alpha", rmsprop.alpha, 0, below_one);
  check_option("eps", rmsprop.eps, 1e-30, greatest);
  check_option("weight_decay", rmsprop.weight_decay, 0, greatest);
  check_option("momentum", rmsprop.momentum, 0, 1);
  options.optimizer = "rmsprop";
  options.weight_decay = rmsprop.weight_decay;
  options.momentum = rmsprop.momentum;
  options.adaptive = {.eps = rmsprop.eps, .alpha = rmsprop.alpha, .centered = rmsprop.centered};
}

}  // namespace

PassOptions training_pass_options(const TrainingOptions& options) {
  check_option("batch_size", static_cast<double>(options.batch_size), 1, largest_batch);
  check_option("label_smoothing", options.label_smoothing, 0, 1);
  check_option("clip_value", options.clip_value, 0, greatest);
  check_option("clip_norm", options.clip_norm, 0, greatest);
  PassOptions result;
  result.loss = options.loss == Loss::mse ? "mse" : "cross_entropy";
  result.loss_reduction = options.reduction == Reduction::sum ? "sum" : "mean";
  result.label_smoothing = options.label_smoothing;
  result.clip = {.value = options.clip_value, .norm = options.clip_norm};
  std::visit([&](const auto& optimizer) { apply(optimizer, result); }, options.optimizer);
  return result;
}

double learning_rate_of(const TrainingOptions& options) {
  const double lr = std::visit([](const auto& optimizer) { return optimizer.lr; }, options.optimizer);
  check_option("lr", lr, 0, greatest);
  return lr;
}

WeightsInTraining::WeightsInTraining(std::shared_ptr<ModelAccess::State> model) : model_(std::move(model)) {
  weights_ = model_->weights();
  if (model_->in_training.exchange(true))
    fail_input("model \"{}\" is being trained already; one training at a time", model_->graph.name);
}

WeightsInTraining::~WeightsInTraining() {
  for (const std::string& name : weights_.names())
    if (!model_->graph.find(name)) weights_.remove(name);
  model_->in_training = false;
}

}  // namespace sinter
