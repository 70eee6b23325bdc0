#pragma once

#include <functional>

#include "runtime/classifier.h"
#include "runtime/confusion_matrix.h"

namespace sinter {

/// What a model makes of examples that it was not trained on.
struct TestScore : Score {
  double top5 = 0;  ///< 0..1: the right class is among the five with the highest scores
  ConfusionMatrix confusion{0};

  bool tested() const { return confusion.classes() > 0; }  ///< there were examples
};

/// The compiled programs for evaluation: the inference pipeline with the loss appended, which also give the
/// scores.
ClassifierOptions evaluation_options(const std::string& backend, const PassOptions& pass_options,
                                     const RunOptions& run_options,
                                     const BackendOptions& backend_options = {});

/// Prepares the classifier for the loader's full and remainder batches.
void prepare_for(Classifier& classifier, const BatchLoader& loader, int64_t batch_size);

/// Whether to go on; asked again and again.
using GoesOn = std::function<bool()>;

/// Runs a model over all that the loader gives. `classifier` must be prepared for the loader's batch sizes,
/// with evaluation_options. `mean_loss`: a batch's loss is its mean, else its sum.
/// Where `goes_on` says no before a batch, the score is of those before it.
TestScore evaluate(Classifier& classifier, BatchLoader& loader, bool mean_loss, const GoesOn& goes_on = {});

/// The place of class `label` among scores, from 0, the highest first. Of equal scores the first class comes
/// first, and NaN comes before numbers, as in argmax.
int64_t rank_of(std::span<const float> scores, int64_t label);

}  // namespace sinter
