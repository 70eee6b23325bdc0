#include "backends/jit/weight_gradient_form.h"

namespace sinter::jit {

std::optional<std::string> refuses_weight_gradient(const Graph& body, WeightGradientForm* form) {
  WeightGradientForm found;
  for (NodeId id = 0; id < static_cast<NodeId>(body.nodes().size()); ++id)
    if (body.node(id).op == OpKind::conv2d_backward_weights && found.weights < 0) found.weights = id;
  if (found.weights < 0) return "it has no gradient of a convolution's weights";
  const Node& weights = body.node(found.weights);
  for (const Node& node : body.nodes()) {
    if (&node == &weights) continue;
    const bool is_bias = node.op == OpKind::sum && node.operands[0] == weights.operands[1] &&
                         node.attributes.ints("axes") == Ints{0, 2, 3} &&
                         !node.attributes.boolean("keepdims");
    if (!is_bias || found.bias.valid())
      return fmt::format("{} is no sum of the convolution's dy", to_string(node.op));
    found.bias = node.results[0];
  }
  for (const ValueId id : weights.operands)
    if (body.info(id).kind != ValueKind::input || body.type(id).dtype != DType::f32)
      return "the gradient is computed from something else than operands in f32";
  if (body.results().size() != body.nodes().size()) return "a result stands twice or is not wanted";
  if (form != nullptr) *form = found;
  return std::nullopt;
}

Convolution size_of_weight_gradient(const Graph& body, const WeightGradientForm& form) {
  const Node& node = body.node(form.weights);
  return convolution(body.type(node.operands[0]).shape, body.type(node.results[0]).shape,
                     body.type(node.operands[1]).shape, node.attributes);
}

}  // namespace sinter::jit
