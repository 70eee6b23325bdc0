#include "frontends/onnx/op_table.h"

#include <map>
#include <set>

#include "frontends/onnx/export_table.h"

namespace sinter::onnx {
namespace {

using Key = std::pair<std::string_view, std::string_view>;

std::map<Key, const Op*> make_index() {
  std::map<Key, const Op*> index;
  for (const auto ops :
       {activation_ops(), constant_ops(), convolution_ops(), elementwise_ops(), indexing_ops(), loss_ops(),
        matrix_ops(), normalization_ops(), optimizer_ops(), pooling_ops(), reduction_ops(), resize_ops(),
        shape_ops(), softmax_ops(), trigonometry_ops()})
    for (const Op& op : ops) index.emplace(Key{op.domain, op.name}, &op);
  return index;
}

const std::map<Key, const Op*>& ops_by_name() {
  static const std::map<Key, const Op*> index = make_index();
  return index;
}

// The words of all export rules.
std::set<std::string_view> exported_ops() {
  std::set<std::string_view> words;
  for (const OpDef& op : op_table())
    if (const ExportRule* rule = find_export(op.kind)) words.insert(rule->as.begin(), rule->as.end());
  return words;
}

}  // namespace

const Op* find_op(std::string_view domain, std::string_view name) {
  const auto found = ops_by_name().find({domain, name});
  return found == ops_by_name().end() ? nullptr : found->second;
}

std::string op_coverage() {
  std::string text = fmt::format(
      "# ONNX ops\n\nWritten by `sinter ops --onnx` from the tables of importer and exporter. Each op is "
      "read in "
      "models of its first\nopset and of all later ones up to opset {}. *Exported* ops are those that "
      "`sinter "
      "export` writes; *trainable* are those\nthat gradients pass.\n\n"
      "| op | opsets that changed it | inputs that are weights | imported | exported | trainable |\n"
      "| --- | --- | --- | --- | --- | --- |\n",
      newest_opset);
  const auto written = exported_ops();
  for (const auto& [key, op] : ops_by_name()) {
    const std::string name =
        op->domain.empty() ? std::string(op->name) : fmt::format("{}.{}", op->domain, op->name);
    const bool exported = op->domain.empty() && written.contains(op->name);
    text += fmt::format("| {} | {} | {}{}{} | yes | {} | {} |\n", name, fmt::join(op->versions, ", "),
                        fmt::join(op->parameters, ", "), op->states.size() > 0 ? "; running " : "",
                        fmt::join(op->states, ", "), exported ? "yes" : "no", op->steps ? "no" : "yes");
  }
  text +=
      "\n## What is written\n\nOf Sinter's own ops ([OPS.md](../ir/OPS.md)); several words are alternatives "
      "or "
      "parts of one.\n\n| op | as | gradient |\n| --- | --- | --- |\n";
  for (const OpDef& op : op_table()) {
    const ExportRule* rule = find_export(op.kind);
    const bool zero = op.gradient == zero_gradient;
    text +=
        fmt::format("| {} | {} | {} |\n", op.name,
                    rule ? fmt::format("{}", fmt::join(rule->as, ", ")) : "refused: not of a forward graph",
                    zero                                               ? "zero"
                    : op.gradient != nullptr || op.train_as != op.kind ? "yes"
                                                                       : "none");
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
