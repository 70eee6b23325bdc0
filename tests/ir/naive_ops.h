#pragma once

#include <functional>
#include <map>
#include <vector>

#include "ir/op_table.h"

namespace sinter {

/// Numbers under a shape, in f64 whatever the element type.
struct Array {
  DType dtype;
  std::vector<int64_t> shape;
  std::vector<double> data;
  bool present = true;  ///< false: an optional operand that was left out

  double& at(const std::vector<int64_t>& index);
  double at(const std::vector<int64_t>& index) const { return const_cast<Array&>(*this).at(index); }
  /// The element that broadcasting puts at `index` of a larger shape.
  double broadcast(std::vector<int64_t> index) const;
};

/// Fills `results`, whose shapes are set, straight from the op's formula: one sum over one index after the
/// other, nothing shared with ir/ops.
using NaiveOp =
    std::function<void(const Attributes&, const std::vector<Array>& operands, std::vector<Array>& results)>;

/// By op; every op but those whose meaning is another graph.
const std::map<OpKind, NaiveOp>& naive_ops();

/// Calls f(index) for every index of a shape, the last dimension fastest.
void for_each_index(const std::vector<int64_t>& shape,
                    const std::function<void(const std::vector<int64_t>&)>& f);

}  // namespace sinter
