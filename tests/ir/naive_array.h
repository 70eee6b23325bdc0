#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ir/op_table.h"

namespace sinter {

using Index = std::vector<int64_t>;

/// Numbers under a shape, in f64 whatever the element type.
struct Array {
  DType dtype;
  Index shape;
  std::vector<double> data;
  bool present = true;  ///< false: an optional operand that was left out

  double& at(const Index& index);
  double at(const Index& index) const { return const_cast<Array&>(*this).at(index); }
  /// The element that broadcasting puts at `index` of a larger shape.
  double broadcast(Index index) const;
};

/// Calls f(index) for every index of a shape, the last dimension fastest.
void for_each_index(const Index& shape, const std::function<void(const Index&)>& f);

/// An axis of x that may count from the end, as one that does not.
int64_t positive_axis(int64_t axis, const Array& x);

}  // namespace sinter
