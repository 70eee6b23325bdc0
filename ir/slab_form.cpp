#include "ir/slab_form.h"

#include "ir/slab_loop.h"

namespace sinter {

std::optional<SlabForm> slab_form(const Graph& graph, const Node& node, const std::vector<bool>& batched,
                                  int64_t samples, int64_t slab) {
  const SlabFunction rule = op_def(node.op).samples.slab_form;
  if (rule == nullptr) return std::nullopt;
  std::vector<bool> by_operand;
  for (const ValueId id : node.operands) by_operand.push_back(id.valid() && batched[id.index]);
  std::vector<Type> results;
  for (const ValueId id : node.results) results.push_back(graph.type(id));
  return rule({node.attributes, operand_types(graph, node), results, by_operand, samples, slab});
}

Type with_samples(Type type, int64_t samples) {
  type.shape.at(0) = samples;
  return type;
}

}  // namespace sinter
