#include "ir/cost.h"

namespace sinter {

Cost cost(const Graph& graph, const Node& node) {
  std::vector<std::optional<Type>> operands;
  std::vector<Type> results;
  Cost total;
  const auto count = [&](const Type& type) {
    total.bytes += per_sample_count(type.shape) * static_cast<double>(size_of(type.dtype));
  };
  for (const ValueId id : node.operands) {
    operands.push_back(id.valid() ? std::optional(graph.type(id)) : std::nullopt);
    if (id.valid()) count(graph.type(id));
  }
  for (const ValueId id : node.results) {
    results.push_back(graph.type(id));
    count(results.back());
  }
  total.flops = op_def(node.op).flops(node.attributes, operands, results);
  return total;
}

}  // namespace sinter
