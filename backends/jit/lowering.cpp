#include "backends/jit/lowering.h"

#include <fmt/ranges.h>

#include <algorithm>

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
    {OpKind::batch_norm, &batch_norm_lowering},
    {OpKind::batch_norm_training, &batch_norm_lowering},
    {OpKind::batch_norm_backward, &batch_norm_lowering},
    {OpKind::prelu, &prelu_lowering},
    {OpKind::dropout_mask, &dropout_mask_lowering},
    {OpKind::dropout, &copy_lowering},
    {OpKind::flatten, &copy_lowering},
    {OpKind::reshape, &copy_lowering},
    {OpKind::transpose, &copy_lowering},
    {OpKind::broadcast_to, &copy_lowering},
    {OpKind::sum_to, &reduction_lowering},
    {OpKind::reorder, &copy_lowering},
    {OpKind::concat, &part_lowering},
    {OpKind::slice, &part_lowering},
    {OpKind::slice_backward, &part_lowering},
    {OpKind::pad, &resampling_lowering},
    {OpKind::pad_backward, &resampling_lowering},
    {OpKind::resize, &resampling_lowering},
    {OpKind::resize_backward, &resampling_lowering},
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
  FixedList<OpKind, 2> parts;  ///< ops without which a body is no such fusion
  std::optional<std::string> (*refuses)(const Graph& body);
  const Lowering* lowering;
};

constexpr FusionEntry fusions[] = {
    {{}, refuses_chain_body, &chain_lowering},
    {{}, refuses_broadcast_body, &broadcast_lowering},
    {{OpKind::conv2d}, refuses_convolution_body, &convolution_lowering},
    {{OpKind::linear}, refuses_matrix_body, &matrix_lowering},
    {{OpKind::matmul}, refuses_matrix_body, &matrix_lowering},
    {{OpKind::conv2d_backward_data}, refuses_backward_data_body, &convolution_backward_data_lowering},
    {{OpKind::max_pool2d_backward}, refuses_pooling_backward_body, &pooling_backward_lowering},
    {{OpKind::avg_pool2d_backward}, refuses_pooling_backward_body, &pooling_backward_lowering},
    {{OpKind::conv2d_backward_weights},
     refuses_backward_weights_body,
     &convolution_backward_weights_lowering},
    {{OpKind::sgd_update}, refuses_lane_update_body, &lane_update_lowering},
    {{OpKind::adam_update}, refuses_lane_update_body, &lane_update_lowering},
    {{OpKind::rmsprop_update}, refuses_lane_update_body, &lane_update_lowering},
    {{OpKind::conv2d_backward_weights, OpKind::sgd_update},
     refuses_updated_weight_gradient_body,
     &updated_weight_gradient_lowering},
    {{OpKind::conv2d_backward_weights, OpKind::adam_update},
     refuses_updated_weight_gradient_body,
     &updated_weight_gradient_lowering},
    {{OpKind::conv2d_backward_weights, OpKind::rmsprop_update},
     refuses_updated_weight_gradient_body,
     &updated_weight_gradient_lowering},
    {{OpKind::max_pool2d_backward, OpKind::conv2d_backward_data},
     refuses_sparse_data_body,
     &sparse_backward_data_lowering},
    {{OpKind::max_pool2d_backward, OpKind::conv2d_backward_weights},
     refuses_sparse_weights_body,
     &sparse_backward_weights_lowering},
    {{OpKind::avg_pool2d_backward, OpKind::conv2d_backward_data},
     refuses_pooled_data_body,
     &pooled_backward_data_lowering},
    {{OpKind::avg_pool2d_backward, OpKind::conv2d_backward_weights},
     refuses_pooled_weights_body,
     &pooled_backward_weights_lowering},
    {{OpKind::softmax_cross_entropy, OpKind::softmax_cross_entropy_backward},
     refuses_loss_body,
     &cross_entropy_lowering},
    {{OpKind::batch_norm}, refuses_batch_norm_body, &batch_norm_lowering},
    {{OpKind::batch_norm_training}, refuses_batch_norm_body, &batch_norm_lowering},
    {{OpKind::batch_norm_backward}, refuses_batch_norm_body, &batch_norm_lowering},
};

bool holds_parts(const Graph& body, const FusionEntry& entry) {
  return std::ranges::all_of(entry.parts, [&](OpKind part) {
    return std::ranges::find(body.nodes(), part, &Node::op) != body.nodes().end();
  });
}

const Lowering* find_fusion(const Graph& body) {
  for (const FusionEntry& entry : fusions)
    if (holds_parts(body, entry) && !entry.refuses(body)) return entry.lowering;
  return nullptr;
}

bool has(const Node& node, std::string_view attribute) {
  const auto names = op_def(node.op).attributes;
  return std::ranges::find(names, attribute, &AttributeDef::name) != names.end();
}

bool is_convolution(const Node& node) { return has(node, "groups"); }

// All elements of a mean behind a convolution count, or those in the image alone. The gradients of
// convolutions read an argmax as a place in a dense window.
std::optional<std::string> beyond_convolutions(const Node& pool) {
  const auto beyond = [&](std::string_view what) {
    return fmt::format("there is no kernel for {} with {}", to_string(pool.op), what);
  };
  const auto holds = [&](const char* flag) { return pool.attributes.boolean(flag); };
  if (pool.op == OpKind::max_pool2d_backward && pool.attributes.ints("dilation") != Ints{1, 1})
    return beyond("dilation");
  if (pool.op == OpKind::avg_pool2d && holds("ceil_mode") && holds("count_include_pad"))
    return beyond("ceil_mode and count_include_pad");
  return std::nullopt;
}

std::optional<std::string> beyond_kernels(const Graph& body) {
  if (std::ranges::none_of(body.nodes(), is_convolution)) return std::nullopt;
  for (const Node& node : body.nodes())
    if (auto reason = is_convolution(node) ? std::nullopt : beyond_convolutions(node)) return reason;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> refuses_body(const Graph& body) {
  if (auto reason = beyond_kernels(body)) return reason;
  if (find_fusion(body) != nullptr) return std::nullopt;
  // What has the most in common with the body is what somebody hoped for.
  size_t most = 0;
  std::vector<std::string> reasons;  // each once
  for (const FusionEntry& entry : fusions) {
    if (!holds_parts(body, entry) || entry.parts.size() < most) continue;
    if (entry.parts.size() > most) reasons.clear();
    most = entry.parts.size();
    std::string reason = *entry.refuses(body);
    if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(std::move(reason));
  }
  return fmt::format("{}", fmt::join(reasons, "; "));
}

const Lowering* find_lowering(const Graph& graph, const Node& node) {
  if (node.op == OpKind::fusion) {
    const Graph& body = node.attributes.body();
    return beyond_kernels(body) ? nullptr : find_fusion(body);
  }
  for (const Entry& entry : entries)
    if (entry.op == node.op) return entry.lowering;
  return op_def(node.op).elementwise == Elementwise::no ? nullptr : find_fusion(body_of(graph, node).body);
}

}  // namespace sinter::jit
