#include "backends/jit/lowering.h"

#include "backends/jit/body.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

struct Entry {
  OpKind op;
  const Lowering* lowering;
};

constexpr Entry entries[] = {
    {OpKind::conv2d, &convolution_lowering},
    {OpKind::conv2d_backward_data, &convolution_backward_data_lowering},
    {OpKind::conv2d_backward_weights, &convolution_backward_weights_lowering},
    {OpKind::linear, &matrix_lowering},
    {OpKind::matmul, &matrix_lowering},
    {OpKind::max_pool2d, &pooling_lowering},
    {OpKind::max_pool2d_argmax, &pooling_lowering},
    {OpKind::max_pool2d_backward, &pooling_backward_lowering},
    {OpKind::avg_pool2d, &pooling_lowering},
    {OpKind::avg_pool2d_backward, &pooling_backward_lowering},
    {OpKind::global_avg_pool2d, &reduction_lowering},
    {OpKind::flatten, &copy_lowering},
    {OpKind::reshape, &copy_lowering},
    {OpKind::transpose, &copy_lowering},
    {OpKind::broadcast_to, &copy_lowering},
    {OpKind::sum_to, &reduction_lowering},
    {OpKind::reorder, &copy_lowering},
    {OpKind::sum, &reduction_lowering},
    {OpKind::mean, &reduction_lowering},
    {OpKind::argmax, &argmax_lowering},
    {OpKind::softmax, &softmax_lowering},
    {OpKind::log_softmax, &softmax_lowering},
    {OpKind::softmax_cross_entropy, &cross_entropy_lowering},
    {OpKind::softmax_cross_entropy_backward, &cross_entropy_lowering},
    {OpKind::mse_loss, &reduction_lowering},
};

struct FusionEntry {
  std::optional<std::string> (*refuses)(const Graph& body);
  const Lowering* lowering;
};

constexpr FusionEntry fusions[] = {
    {refuses_chain_body, &chain_lowering},
    {refuses_broadcast_body, &broadcast_lowering},
    {refuses_convolution_body, &convolution_lowering},
    {refuses_matrix_body, &matrix_lowering},
    {refuses_backward_data_body, &convolution_backward_data_lowering},
    {refuses_pooling_backward_body, &pooling_backward_lowering},
    {refuses_backward_weights_body, &convolution_backward_weights_lowering},
    {refuses_lane_update_body, &lane_update_lowering},
    {refuses_sparse_data_body, &sparse_backward_data_lowering},
    {refuses_sparse_weights_body, &sparse_backward_weights_lowering},
    {refuses_pooled_data_body, &pooled_backward_data_lowering},
    {refuses_pooled_weights_body, &pooled_backward_weights_lowering},
};

const Lowering* find_fusion(const Graph& body) {
  for (const FusionEntry& entry : fusions)
    if (!entry.refuses(body)) return entry.lowering;
  return nullptr;
}

}  // namespace

std::optional<std::string> refuses_body(const Graph& body) {
  std::string reasons;
  for (const FusionEntry& entry : fusions) {
    const auto reason = entry.refuses(body);
    if (!reason) return std::nullopt;
    reasons += (reasons.empty() ? "" : "; ") + *reason;
  }
  return reasons;
}

const Lowering* find_lowering(const Graph& graph, const Node& node) {
  if (node.op == OpKind::fusion) return find_fusion(node.attributes.body());
  for (const Entry& entry : entries)
    if (entry.op == node.op) return entry.lowering;
  return op_def(node.op).elementwise == Elementwise::no ? nullptr : find_fusion(body_of(graph, node).body);
}

}  // namespace sinter::jit
