#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace sinter {

/// How many examples of each class were taken for which.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int64_t classes) : classes_(classes), counts_(classes * classes, 0) {}

  void add(int64_t label, int64_t predicted) { ++counts_[label * classes_ + predicted]; }
  int64_t at(int64_t label, int64_t predicted) const { return counts_[label * classes_ + predicted]; }
  int64_t classes() const { return classes_; }
  /// Examples of a class, and those taken for it.
  int64_t of_class(int64_t label) const {
    const auto row = counts_.begin() + label * classes_;
    return std::accumulate(row, row + classes_, int64_t{0});
  }
  int64_t predicted_as(int64_t predicted) const {
    int64_t sum = 0;
    for (int64_t label = 0; label < classes_; ++label) sum += at(label, predicted);
    return sum;
  }

 private:
  int64_t classes_;
  std::vector<int64_t> counts_;  ///< a row for each true class
};

}  // namespace sinter
