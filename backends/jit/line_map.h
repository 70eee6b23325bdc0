#pragma once

#include <vector>

#include "ir/graph.h"

namespace sinter::jit {

/// What the elements of a line are made of, where an op makes lines of others of another length.
struct LineMap {
  struct Tap {
    int64_t source;
    double weight;
  };
  int64_t inputs;
  std::vector<std::vector<Tap>> taps;  ///< by element

  int64_t outputs() const { return static_cast<int64_t>(taps.size()); }
  /// Taps of the element that has the most.
  int64_t most() const;
  /// Whether all elements have as many.
  bool is_even() const;
  bool is_weighted() const;

  struct Run {
    int64_t begin = 0, end = 0;
    int64_t shift = 0;  ///< from an element to its source
  };
  /// The longest run of elements that are neighbours as they were.
  Run straight() const;

  /// The first source of each sixteen elements, where each sixteen have all theirs within two vectors and all
  /// elements have as many taps; empty: they have not.
  std::vector<int64_t> windows() const;
};

/// Along the height (0) or the width (1) of pad, resize or one of their gradients. An element without taps is
/// what pad puts around, or a zero.
LineMap line_map(const Node& node, size_t dimension, int64_t inputs, int64_t outputs);

}  // namespace sinter::jit
