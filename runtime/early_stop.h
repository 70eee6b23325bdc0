#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/evaluation.h"

namespace sinter {

/// Ends a training that gets no better on the test examples.
class EarlyStop {
 public:
  enum class Watch : uint8_t { loss, accuracy };
  /// After `patience` epochs in a row that were not better than the best before by more than `least_gain`.
  EarlyStop(Watch watch, int64_t patience, double least_gain)
      : watch_(watch), patience_(patience), least_gain_(least_gain) {}

  /// Looks at an epoch's test; whether the training should end.
  bool ends_after(int64_t epoch, const TestScore& test) {
    const double now = watch_ == Watch::loss ? -test.loss : test.accuracy;
    if (best_epoch_ == 0 || now > best_ + least_gain_) {
      best_ = now;
      best_epoch_ = epoch;
    }
    return has_ended(epoch);
  }
  /// Whether the training should have ended after that epoch, the last it looked at.
  bool has_ended(int64_t epoch) const { return best_epoch_ > 0 && epoch - best_epoch_ >= patience_; }

  /// What it knows of the epochs so far, for another one to go on from.
  struct State {
    double best = 0;  ///< greater is better
    int64_t epoch = 0;
  };
  State state() const { return {best_, best_epoch_}; }
  void go_on_from(const State& state) {
    best_ = state.best;
    best_epoch_ = state.epoch;
  }

  int64_t best_epoch() const { return best_epoch_; }  ///< 0: none yet
  double best() const { return watch_ == Watch::loss ? -best_ : best_; }
  std::string_view watched() const { return watch_ == Watch::loss ? "test loss" : "test accuracy"; }

 private:
  Watch watch_;
  int64_t patience_;
  double least_gain_;
  double best_ = 0;  ///< greater is better
  int64_t best_epoch_ = 0;
};

}  // namespace sinter
