#include "frontends/onnx/op_table.h"

#include <map>

namespace sinter::onnx {
namespace {

using Key = std::pair<std::string_view, std::string_view>;

std::map<Key, const Op*> index_of_ops() {
  std::map<Key, const Op*> index;
  for (const auto ops : {activation_ops(), constant_ops(), convolution_ops(), elementwise_ops(),
                         indexing_ops(), loss_ops(), matrix_ops(), normalization_ops(), optimizer_ops(),
                         pooling_ops(), reduction_ops(), resize_ops(), shape_ops(), softmax_ops()})
    for (const Op& op : ops) index.emplace(Key{op.domain, op.name}, &op);
  return index;
}

}  // namespace

const Op* find_op(std::string_view domain, std::string_view name) {
  static const std::map<Key, const Op*> index = index_of_ops();
  const auto found = index.find({domain, name});
  return found == index.end() ? nullptr : found->second;
}

std::string unknown_op(const ModelNode& node) {
  if (!node.domain.empty() && node.domain != preview_training)
    return fmt::format("ops of domain \"{}\" are not supported", node.domain);
  for (const std::string_view op : {"If", "Loop", "Scan"})
    if (node.op == op) return fmt::format("control flow ({}) is not supported", op);
  return fmt::format("op {} is not supported", node.op);
}

}  // namespace sinter::onnx
