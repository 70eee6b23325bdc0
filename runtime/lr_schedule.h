#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sinter {

/// How many updates a training has.
struct TrainingLength {
  int64_t epochs = 0;             ///< 0: nobody knows
  int64_t updates_per_epoch = 0;  ///< of the weights
};

/// How the learning rate changes over a training; the rate given to the optimizer is the base. Steps and
/// multisteps follow the epochs, cosine and one-cycle each update. The values are those of PyTorch's
/// StepLR, MultiStepLR, CosineAnnealingLR and OneCycleLR (which here leaves momentum as it is).
struct LrSchedule {
  enum class Kind : uint8_t { constant, step, multistep, cosine, one_cycle };
  Kind kind = Kind::constant;
  std::vector<int64_t> epochs = {};  ///< step: its length; multistep: the epochs, counted from 0, after which
  double gamma = 1;                  ///< step, multistep: the factor
  double bound = 0;                  ///< cosine: the last rate; one_cycle: the highest, 0 for the base
  /// The first updates rise linearly to what the schedule says; the first is a share of it, not 0.
  double warmup = 0;
  bool warmup_in_epochs = false;  ///< else in updates

  /// Whether the values depend on the length of the training.
  bool needs_length() const { return kind == Kind::cosine || kind == Kind::one_cycle; }
};

/// `constant`, `step:EPOCHS,GAMMA`, `multistep:EPOCH,...,GAMMA`, `cosine`, `cosine:MIN`, `one-cycle` or
/// `one-cycle:MAX`, for a base rate, which MIN is at most. Throws InputError for anything else.
LrSchedule parse_lr_schedule(std::string_view text, double base);

/// Sets the warm-up: `500` is updates, `2e` epochs. Throws InputError for anything else.
void parse_warmup(std::string_view text, LrSchedule& schedule);

/// The text that these read: `step:30,0.1`, `2e`.
std::string schedule_text(const LrSchedule& schedule);
std::string warmup_text(const LrSchedule& schedule);

/// The learning rate of update `update`, counted from 0 over the whole training.
double learning_rate(const LrSchedule& schedule, double base, int64_t update, const TrainingLength& length);

/// Says where the warm-up does not end within the training; else empty. No error: more epochs may follow.
std::string warmup_remark(const LrSchedule& schedule, const TrainingLength& length);

}  // namespace sinter
