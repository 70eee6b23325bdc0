#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"
#include "ir/graph.h"
#include "passes/target.h"

/// From nodes to kernels, one file for each family of ops.
namespace sinter::jit {

/// The kernels of a node, run one after the other.
struct Lowered {
  std::vector<Kernel> kernels;
  int64_t scratch_bytes = 0;
  std::string_view form = {};  ///< see CompiledNode
};

/// How a family of ops becomes kernels.
struct Lowering {
  /// In which layouts; `offered` are those that neighbours like. Empty: not at all.
  std::vector<Implementation> (*implementations)(const Graph& graph, const Node& node,
                                                 std::span<const Layout> offered);
  /// In the layouts of the graph's types, which are those of one of the implementations.
  Lowered (*lower)(const Graph& graph, const Node& node, const CpuTarget& cpu);
};

/// Elementwise ops and fusions of them, over values of one shape and scalars, in any layout that all share.
extern const Lowering chain_lowering;
/// Why a body is no chain of elementwise ops over values of one shape and scalars; nothing: it is one.
std::optional<std::string> refuses_chain_body(const Graph& body);

/// The same where operands are broadcast along some dimensions.
extern const Lowering broadcast_lowering;
/// Why a body is no elementwise computation at the elements of its results; nothing: it is one.
std::optional<std::string> refuses_broadcast_body(const Graph& body);

/// conv2d, alone or with elementwise ops and a pool behind it, in batch lanes.
extern const Lowering convolution_lowering;
std::optional<std::string> refuses_convolution_body(const Graph& body);
extern const Lowering convolution_backward_data_lowering;
std::optional<std::string> refuses_backward_data_body(const Graph& body);
/// conv2d_backward_weights, alone or with the sum of dy that is the bias's gradient.
extern const Lowering convolution_backward_weights_lowering;
std::optional<std::string> refuses_backward_weights_body(const Graph& body);

/// The same behind the gradient of a max pool, a product for each gradient that is there.
extern const Lowering sparse_backward_data_lowering;
std::optional<std::string> refuses_sparse_data_body(const Graph& body);
extern const Lowering sparse_backward_weights_lowering;
std::optional<std::string> refuses_sparse_weights_body(const Graph& body);

/// The same behind the gradient of an average pool and of an activation, computed where it is read.
extern const Lowering pooled_backward_data_lowering;
std::optional<std::string> refuses_pooled_data_body(const Graph& body);
extern const Lowering pooled_backward_weights_lowering;
std::optional<std::string> refuses_pooled_weights_body(const Graph& body);

/// Any of these gradients by weights and the optimizer's updates that read all of what it makes.
extern const Lowering updated_weight_gradient_lowering;
std::optional<std::string> refuses_updated_weight_gradient_body(const Graph& body);

/// linear and matmul, alone or with elementwise ops behind them.
extern const Lowering matrix_lowering;
std::optional<std::string> refuses_matrix_body(const Graph& body);

/// Batch normalisation by running statistics or by those of the batch, with elementwise ops behind it, and
/// its gradient with elementwise ops before it.
extern const Lowering batch_norm_lowering;
std::optional<std::string> refuses_batch_norm_body(const Graph& body);

/// leaky_relu with a trained slope.
extern const Lowering prelu_lowering;

/// The random factors of dropout.
extern const Lowering dropout_mask_lowering;

/// Ops that only move elements: dropout outside of training, flatten, reshape, transpose, broadcast_to,
/// reorder.
extern const Lowering copy_lowering;

/// concat, slice and its gradient.
extern const Lowering part_lowering;

/// pad and resize and their gradients.
extern const Lowering resampling_lowering;

/// Pools and their gradients.
extern const Lowering pooling_lowering;
extern const Lowering pooling_backward_lowering;
std::optional<std::string> refuses_pooling_backward_body(const Graph& body);

/// Sums and means, global average pooling, mean squared error; argmax.
extern const Lowering reduction_lowering;
extern const Lowering argmax_lowering;

/// The sum over the lanes of a loop and the optimizer's update that reads it.
extern const Lowering lane_update_lowering;
/// Why a body is no such sum, perhaps scaled by a number, and update; nothing: it is one.
std::optional<std::string> refuses_lane_update_body(const Graph& body);

/// softmax and log_softmax; cross entropy and its gradient, or both as one.
extern const Lowering softmax_lowering;
extern const Lowering cross_entropy_lowering;
std::optional<std::string> refuses_loss_body(const Graph& body);

/// Why no family runs a fusion of this body; nothing: one does.
std::optional<std::string> refuses_body(const Graph& body);

/// The family that runs a node; null: none does.
const Lowering* find_lowering(const Graph& graph, const Node& node);

}  // namespace sinter::jit
