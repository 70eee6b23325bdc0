#pragma once

#include <cstddef>
#include <cstdint>

namespace sinter {

/// Every operation, in the order of the op table's rows.
enum class OpKind : uint8_t {
  // convolution and matrix products
  conv2d,
  conv2d_backward_data,
  conv2d_backward_weights,
  linear,
  matmul,
  // pooling
  max_pool2d,
  max_pool2d_argmax,
  max_pool2d_backward,
  avg_pool2d,
  avg_pool2d_backward,
  global_avg_pool2d,
  // activations
  relu,
  sigmoid,
  tanh,
  leaky_relu,
  erf,
  elu,
  selu,
  gelu,
  silu,
  hard_sigmoid,
  hard_swish,
  softplus,
  clip,
  prelu,
  // normalisation
  batch_norm,
  batch_norm_training,
  batch_norm_backward,
  // dropout
  dropout,
  dropout_mask,
  // elementwise
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  pow,
  exp,
  log,
  sqrt,
  compare,
  select,
  cast,
  is_finite,
  // shape
  flatten,
  reshape,
  transpose,
  broadcast_to,
  sum_to,
  reorder,
  concat,
  slice,
  slice_backward,
  pad,
  pad_backward,
  resize,
  resize_backward,
  // reductions
  sum,
  mean,
  argmax,
  // softmax and losses
  softmax,
  log_softmax,
  softmax_cross_entropy,
  softmax_cross_entropy_backward,
  mse_loss,
  // optimizers
  sgd_update,
  adam_update,
  rmsprop_update,
  // structure
  fusion,
  slab_loop,
};

inline constexpr size_t op_count = static_cast<size_t>(OpKind::slab_loop) + 1;

}  // namespace sinter
