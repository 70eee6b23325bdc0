#include "ir/interpreter.h"

namespace sinter {
namespace {

TensorView view(const Tensor& tensor) {
  return {tensor.dtype(), tensor.shape(), tensor.count(), const_cast<void*>(tensor.data())};
}

void bind_values(const Graph& graph, std::string_view what, std::span<const ValueId> ids,
                 const std::vector<Tensor>& tensors, std::vector<Tensor>& values) {
  if (ids.size() != tensors.size())
    fail_input("graph \"{}\" has {} {}; {} were given", graph.name, ids.size(), what, tensors.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    const ValueInfo& info = graph.info(ids[i]);
    const Type given = tensors[i].type();
    if (given.dtype != info.type.dtype || given.shape != info.type.shape)
      fail_input("%{} is {}; {} was given", info.name, to_string(info.type), to_string(given));
    values[ids[i].index] = tensors[i];
  }
}

// For each value the last node that reads it, so that memory is let go of early.
std::vector<std::vector<ValueId>> last_uses(const Graph& graph) {
  std::vector<NodeId> last(graph.values().size(), -1);
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
    for (const ValueId operand : graph.node(id).operands)
      if (operand.valid()) last[operand.index] = id;
  for (const GraphResult& result : graph.results()) last[result.value.index] = -1;
  std::vector<std::vector<ValueId>> dying(graph.nodes().size());
  for (int32_t i = 0; i < static_cast<int32_t>(last.size()); ++i)
    if (last[i] >= 0) dying[last[i]].push_back({i});
  return dying;
}

}  // namespace

std::vector<Tensor> evaluate(OpKind op, const Attributes& attributes,
                             std::span<const std::optional<Tensor>> operands, const NodeObserver* observer) {
  std::vector<std::optional<Type>> types;
  std::vector<TensorView> operand_views, result_views;
  for (const auto& operand : operands) {
    types.push_back(operand ? std::optional(operand->type()) : std::nullopt);
    operand_views.push_back(operand ? view(*operand) : TensorView{});
  }
  std::vector<Tensor> results;
  for (const Type& type : infer_types(op, attributes, types))
    results.emplace_back(type.dtype, sizes(type.shape));
  for (const Tensor& result : results) result_views.push_back(view(result));
  for (const auto& views : {operand_views, result_views})
    for (const TensorView& value : views)
      if (op != OpKind::cast && !has_reference_arithmetic(value.dtype))
        fail_input("{}: the reference has no arithmetic for {}", to_string(op), to_string(value.dtype));
  const Evaluation evaluation{attributes, operand_views, result_views, observer};
  const OpDef& def = op_def(op);
  def.evaluate(evaluation, 0, def.units(evaluation));
  return results;
}

std::vector<Tensor> interpret(const Graph& graph, const Bindings& bindings, const NodeObserver& observer) {
  std::vector<Tensor> values(graph.values().size());
  bind_values(graph, "inputs", graph.inputs(), bindings.inputs, values);
  bind_values(graph, "parameters", graph.parameters(), bindings.parameters, values);
  bind_values(graph, "states", graph.states(), bindings.states, values);
  for (const ValueId id : graph.constants()) values[id.index] = graph.info(id).constant;
  const auto dying = last_uses(graph);
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    const Node& node = graph.node(id);
    std::vector<std::optional<Tensor>> operands;
    for (const ValueId operand : node.operands)
      operands.push_back(operand.valid() ? std::optional(values[operand.index]) : std::nullopt);
    const auto results = evaluate(node.op, node.attributes, operands, observer ? &observer : nullptr);
    if (observer) observer(graph, id, results);
    for (size_t i = 0; i < results.size(); ++i) values[node.results[i].index] = results[i];
    for (const ValueId value : dying[id]) values[value.index] = {};
  }
  std::vector<Tensor> results;
  for (const GraphResult& result : graph.results()) results.push_back(values[result.value.index]);
  return results;
}

}  // namespace sinter
