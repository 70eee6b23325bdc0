#pragma once

#include <sinter/training_options.hpp>

#include "api/model_state.h"
#include "passes/pass.h"

namespace sinter {

/// What passes are told. Throws InputError that names an option out of range.
PassOptions training_pass_options(const TrainingOptions& options);

double learning_rate_of(const TrainingOptions& options);

/// A model's weights while one trains them. What the optimizer has added to them goes with it, so that the
/// next training begins anew. Throws InputError where another one trains the model already.
class WeightsInTraining {
 public:
  explicit WeightsInTraining(std::shared_ptr<ModelAccess::State> model);
  /// Needs: no program runs on them any more.
  ~WeightsInTraining();
  WeightsInTraining(const WeightsInTraining&) = delete;
  WeightsInTraining& operator=(const WeightsInTraining&) = delete;

  const Graph& graph() const { return model_->graph; }
  const Weights& weights() const { return weights_; }

 private:
  std::shared_ptr<ModelAccess::State> model_;
  Weights weights_;
};

}  // namespace sinter
