#include "backends/jit/body.h"

#include "ir/op_table.h"

namespace sinter::jit {

NodeBody body_of(const Graph& graph, const Node& node) {
  if (node.op == OpKind::fusion) return {node.attributes.body(), node.operands, node.results};
  NodeBody own;
  std::vector<std::optional<Value>> operands;
  for (const ValueId id : node.operands) {
    operands.emplace_back();
    if (!id.valid()) continue;
    const Type& type = graph.type(id);
    operands.back() = own.body.input(fmt::format("x{}", operands.size() - 1), {type.dtype, type.shape, {}});
    own.operands.push_back(id);
  }
  for (const Value& result : own.body.append(node.op, operands, node.attributes)) own.body.add_result(result);
  own.results = node.results;
  return own;
}

size_t position_of(const Node& node, ValueId id) {
  size_t position = 0;
  for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
    for (const ValueId own : *ids) {
      if (own == id) return position;
      ++position;
    }
  require(false, "a value of the node");
  return 0;
}

std::string kernel_name(const Node& node) {
  constexpr size_t longest = 60;
  if (node.op != OpKind::fusion) return std::string(to_string(node.op));
  std::string name;
  for (const Node& part : node.attributes.body().nodes()) {
    if (!name.empty()) name += '_';
    name += to_string(part.op);
  }
  return name.substr(0, longest);
}

}  // namespace sinter::jit
