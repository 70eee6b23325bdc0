#pragma once

#include <map>

#include "tests/ir/naive_array.h"

namespace sinter {

using Operands = std::vector<Array>;

/// Fills `results`, whose shapes are set, straight from the op's formula: one sum over one index after the
/// other, nothing shared with ir/ops.
using NaiveOp = std::function<void(const Attributes&, const Operands& operands, Operands& results)>;
using NaiveOps = std::map<OpKind, NaiveOp>;

/// By op; every op but those whose meaning is another graph.
const NaiveOps& naive_ops();

/// The families that they are made of, a file each.
NaiveOps naive_products();  ///< convolutions, linear and matmul
NaiveOps naive_pooling();
NaiveOps naive_elementwise();
NaiveOps naive_activation();  ///< with dropout
NaiveOps naive_moving();      ///< elements in other places
NaiveOps naive_reduction();
NaiveOps naive_loss();  ///< with softmax
NaiveOps naive_optimizer();
NaiveOps naive_normalization();  ///< batch norms
NaiveOps naive_spatial();        ///< pad and resize

/// What several families have: y[i] = f(x[i]), and y[i] = x[i].
NaiveOp elementwise(std::function<double(double)> f);
void copy_elements(const Attributes&, const Operands& x, Operands& y);

}  // namespace sinter
