#pragma once

#include <algorithm>
#include <cmath>

#include "ir/attributes.h"

namespace sinter::ops {

/// An element of a resampled line: two neighbours and the share of the second.
struct Mix {
  int64_t low, high;
  double share;
};

/// How resize makes a line of pixels of another.
struct Resampling {
  bool linear, align_corners;

  explicit Resampling(const Attributes& a)
      : linear(a.word("mode") == "linear"), align_corners(a.boolean("align_corners")) {}

  /// Element i of `output` ones made of `input`. Centres of pixels lie at halves, or the outermost ones on
  /// each other.
  Mix at(int64_t i, int64_t input, int64_t output) const {
    if (!linear) {
      const int64_t nearest = i * input / output;
      return {nearest, nearest, 0};
    }
    const double last = static_cast<double>(input - 1), place = static_cast<double>(i);
    const double centred = (place + 0.5) * static_cast<double>(input) / static_cast<double>(output) - 0.5;
    const double aligned = output > 1 ? place * last / static_cast<double>(output - 1) : 0;
    const double from = std::clamp(align_corners ? aligned : centred, 0.0, last);
    const auto low = static_cast<int64_t>(from);
    return {low, std::min(low + 1, input - 1), from - std::floor(from)};
  }
};

}  // namespace sinter::ops
