#pragma once

#include <memory>
#include <sinter/model.hpp>
#include <sinter/training_options.hpp>

namespace sinter {

struct StepResult {
  double loss = 0;      ///< as reduced: a mean or a sum over the batch
  int64_t correct = 0;  ///< samples whose highest score is that of their class; 0 where there are no classes
};

/// A model compiled for training, in steps that the caller feeds: forward, backward, and the optimizer's
/// update as one program. What the optimizer keeps goes with the session. fit() has epochs and
/// shuffling.
///
/// Needs: one input whose first dimension, the batch, is a symbol, and one output.
/// Errors: as InferenceSession, and InputError while another session or fit() trains the model. step() throws
/// Error where the loss is not finite: it names the node that first made a NaN or infinity, and weights are
/// those before the step.
/// Cost: construction compiles for the batch size, the first step of another size for that.
/// Thread safety: one thread at a time, and nothing else on the model or its sessions beside a step.
class SINTER_API TrainingSession {
 public:
  explicit TrainingSession(Model& model, const TrainingOptions& options = {});
  TrainingSession(TrainingSession&&) noexcept;
  TrainingSession& operator=(TrainingSession&&) noexcept;
  ~TrainingSession();

  /// One update. `input` holds one or more whole samples. `expected`: of cross_entropy a label for each, an
  /// integer from 0 on; of mse as many elements as the model's output for them, or the labels of a
  /// classifier, which stand for 1 at the class and 0 elsewhere. The loss is that before the update.
  StepResult step(InputView input, InputView expected);

  double learning_rate() const;
  /// Of the steps to come. Throws InputError unless it is a finite number from 0 on.
  void set_learning_rate(double lr);

 private:
  struct SINTER_HIDDEN State;
  std::unique_ptr<State> state_;
};

}  // namespace sinter
