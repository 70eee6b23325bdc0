#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <sinter/model.hpp>
#include <sinter/training_options.hpp>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace sinter {

/// Samples with their classes, in memory of the caller's.
struct LabelledData {
  /// One sample after the other, each of the shape of the model's input: f32, taken as they are, or u8
  /// pictures, of which a byte p becomes (p / 255 - mean) / std.
  InputView samples = {};
  std::span<const int64_t> labels = {};  ///< one for each sample, from 0 on
};

/// An epoch's figures, averages over its samples.
struct EpochMetrics {
  int64_t epoch = 0;  ///< from 1
  double loss = 0;    ///< over the training samples, each as it was met
  double accuracy = 0;
  double validation_loss = 0;  ///< after the epoch; of the validation data, NaN where there are none
  double validation_accuracy = 0;
  double learning_rate = 0;  ///< of the last step
  double seconds = 0;        ///< of the training
};

struct StepMetrics {
  int64_t epoch = 0, step = 0;  ///< from 1
  double loss = 0;              ///< a mean over the batch
  double learning_rate = 0;
};

struct FitOptions {
  int64_t epochs = 10;
  LabelledData validation = {};
  bool shuffle = true;
  /// `constant`, `step:EPOCHS,GAMMA`, `multistep:EPOCH,...,GAMMA`, `cosine`, `cosine:MIN`, `one-cycle` or
  /// `one-cycle:MAX`, from the optimizer's learning rate on, which MIN is at most. Values are those of
  /// PyTorch's schedulers.
  std::string lr_schedule = "constant";
  std::string warmup = {};                 ///< a linear rise before it: `500` updates, `2e` epochs
  int64_t accumulate = 1;                  ///< batches that are summed for one update
  int64_t crop_padding = 0;                ///< augmentation of u8 pictures: a random cut of the padded one
  bool flip = false;                       ///< and left and right change places, every other time
  std::vector<float> mean = {}, std = {};  ///< of u8 pictures: one each, or one a channel; empty: 0 and 1
  /// Keeps here, after each epoch and when stopped, all that is needed to go on. Empty: nowhere.
  std::filesystem::path checkpoint = {};
  /// Go on from the checkpoint, with the bits of a training that was not stopped; begin where there is none
  /// yet.
  bool resume = false;
  bool overwrite = false;     ///< begin anew, although the file holds a training; else that is an error
  std::stop_token stop = {};  ///< ends the training after the step at hand
  std::function<void(const StepMetrics&)> on_step = nullptr;
  std::function<void(const EpochMetrics&)> on_epoch = nullptr;
};

/// Trains a classifier for some epochs, on data that must stay as they are meanwhile. The order of samples
/// depends on seed and epoch alone, so that the same call on the same model gives the same bits.
///
/// Shapes: the model has one input f32[N, channels, height, width] of a symbol N, with 1 or more channels,
/// and one output [N, classes]. TrainingSession trains others.
/// Returns: what on_epoch was told, of the epochs of this call.
/// Errors: as TrainingSession; InputError where a checkpoint is of another training, in use by one, cannot be
/// written, or would be replaced though neither resume nor overwrite was asked for. The model keeps what it
/// has learnt until then; so it does when a callback throws, which ends the training.
/// Cost: a copy of u8 samples; a batch is prepared on another thread while one is computed.
/// Thread safety: nothing else on the model or its sessions meanwhile, but in callbacks, which come on the
/// caller's thread; they may make and run sessions for inference.
SINTER_API std::vector<EpochMetrics> fit(Model& model, const LabelledData& data,
                                         const TrainingOptions& training = {},
                                         const FitOptions& options = {});

}  // namespace sinter
