#pragma once

#include <optional>
#include <string>

#include "backends/jit/convolution.h"
#include "ir/graph.h"

namespace sinter::jit {

/// A body that is a gradient of a convolution behind an activation and an average pool: avg_pool2d_backward,
/// elementwise ops behind it, the product that reads what these make, and what may stand behind that: the sum
/// of the same gradient, or elementwise ops.
struct PooledForm {
  NodeId unpool = -1, product = -1;
  ValueId pooled = {};               ///< the gradient of the pool's result
  ValueId unpooled = {};             ///< of what it pooled
  ValueId dy = {};                   ///< of the convolution's result
  std::vector<NodeId> between = {};  ///< the ops that make dy of unpooled
  ValueId bias = {};                 ///< the sum of dy; absent: it is not wanted
  Convolution convolution = {};
  int64_t pool_stride = 1;  ///< from window row to window row
};

/// Why a body is not of that form with this product, conv2d_backward_data or conv2d_backward_weights; with
/// `form` what it is.
std::optional<std::string> refuses_pooled(const Graph& body, OpKind product, PooledForm* form);

/// Estimated time to compute dy from what the pool's gradient and the ops behind it read, `times` times.
double pooled_gradient_seconds(const Graph& body, const PooledForm& form, double times);

}  // namespace sinter::jit
