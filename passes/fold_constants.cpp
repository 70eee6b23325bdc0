#include "passes/fold_constants.h"

#include <algorithm>

#include "ir/copy.h"
#include "ir/interpreter.h"

namespace sinter {
namespace {

constexpr int64_t always_small_bytes = 64 << 10;

bool can_fold(const Graph& before, const Graph& now, const Node& node,
              const std::vector<std::optional<Value>>& operands) {
  int64_t operand_bytes = 0, result_bytes = 0;
  for (const auto& operand : operands) {
    if (!operand) continue;
    if (now.info(operand->id()).kind != ValueKind::constant || !has_reference_arithmetic(operand->dtype()))
      return false;
    operand_bytes += operand->type().bytes();
  }
  for (const ValueId result : node.results) {
    const Type& type = before.type(result);
    if (!is_concrete(type.shape) || !type.layout.is_plain() || !has_reference_arithmetic(type.dtype))
      return false;
    result_bytes += type.bytes();
  }
  return result_bytes <= std::max(always_small_bytes, operand_bytes);
}

}  // namespace

bool fold_constants(Graph& graph, const PassOptions&) {
  bool changed = false;
  GraphCopy copy(graph);
  for (const Node& node : graph.nodes()) {
    const auto operands = copy.operands(node);
    if (operands.empty() || !can_fold(graph, copy.graph(), node, operands)) {
      copy.node(node);
      continue;
    }
    std::vector<std::optional<Tensor>> tensors;
    for (const auto& operand : operands)
      tensors.push_back(operand ? std::optional(copy.graph().info(operand->id()).constant) : std::nullopt);
    const auto results = evaluate(node.op, node.attributes, tensors);
    for (size_t i = 0; i < results.size(); ++i)
      copy.replace(node.results[i], copy.graph().constant(results[i]));
    changed = true;
  }
  if (changed) graph = copy.finish();
  return changed;
}

}  // namespace sinter
