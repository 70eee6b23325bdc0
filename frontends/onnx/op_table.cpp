#include "frontends/onnx/op_table.h"

#include <map>

namespace sinter::onnx {
namespace {

using Key = std::pair<std::string_view, std::string_view>;

std::map<Key, const Op*> make_index() {
  std::map<Key, const Op*> index;
  for (const auto ops : {activation_ops(), constant_ops(), convolution_ops(), elementwise_ops(),
                         indexing_ops(), loss_ops(), matrix_ops(), normalization_ops(), optimizer_ops(),
                         pooling_ops(), reduction_ops(), resize_ops(), shape_ops(), softmax_ops()})
    for (const Op& op : ops) index.emplace(Key{op.domain, op.name}, &op);
  return index;
}

const std::map<Key, const Op*>& ops_by_name() {
  static const std::map<Key, const Op*> index = make_index();
  return index;
}

}  // namespace

const Op* find_op(std::string_view domain, std::string_view name) {
  const auto found = ops_by_name().find({domain, name});
  return found == ops_by_name().end() ? nullptr : found->second;
}

std::string op_coverage() {
  std::string text =
      "# ONNX ops\n\nWritten by `sinter ops --onnx` from the importer's table. Each op is read in models of "
      "its first "
      "opset and of all later\nones up to opset " +
      std::to_string(newest_opset) +
      ".\n\n| op | opsets that changed it | inputs that are weights |\n| --- | --- | --- |\n";
  for (const auto& [key, op] : ops_by_name()) {
    const std::string name =
        op->domain.empty() ? std::string(op->name) : fmt::format("{}.{}", op->domain, op->name);
    text += fmt::format("| {} | {} | {}{}{} |\n", name, fmt::join(op->versions, ", "),
                        fmt::join(op->parameters, ", "), op->states.size() > 0 ? "; running " : "",
                        fmt::join(op->states, ", "));
  }
  return text;
}

std::string unknown_op(const ModelNode& node) {
  if (!node.domain.empty() && node.domain != preview_training)
    return fmt::format("ops of domain \"{}\" are not supported", node.domain);
  for (const std::string_view op : {"If", "Loop", "Scan"})
    if (node.op == op) return fmt::format("control flow ({}) is not supported", op);
  return fmt::format("op {} is not supported", node.op);
}

}  // namespace sinter::onnx
