#include "backends/jit/normalization_body.h"

#include <algorithm>

#include "backends/jit/elementwise.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

bool is_normalization(const Node& node) {
  return node.op == OpKind::batch_norm || node.op == OpKind::batch_norm_training ||
         node.op == OpKind::batch_norm_backward;
}

size_t place_of_x(OpKind op) { return op == OpKind::batch_norm_backward ? 1 : 0; }

std::optional<std::string> refuses_operands(const Graph& body, const Node& norm) {
  for (size_t i = 0; i < norm.operands.size(); ++i) {
    const ValueId id = norm.operands[i];
    const bool may_be_made = norm.op == OpKind::batch_norm_backward && i == 0;
    if (id.valid() && !may_be_made && body.info(id).kind != ValueKind::input)
      return fmt::format("an operand of {} is made by another op", to_string(norm.op));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> refuses_normalization(const Graph& body) {
  const auto norm = std::ranges::find_if(body.nodes(), is_normalization);
  if (norm == body.nodes().end()) return "nothing is normalised";
  if (auto why = refuses_operands(body, *norm)) return why;
  const Type& x = body.type(norm->operands[place_of_x(norm->op)]);
  if (x.dtype != DType::f32) return fmt::format("no code for {} of {}", to_string(norm->op), to_string(x));
  for (const Node& node : body.nodes()) {
    if (&node == &*norm) continue;
    if (auto why = refuses_elementwise(body, node)) return why;
    for (const ValueId id : node.results)
      if (body.type(id).shape != x.shape) return "a value has another shape than what is normalised";
    for (const ValueId id : node.operands)
      if (id.valid() && body.type(id).shape != x.shape && element_count(body.type(id).shape) != 1)
        return "an operand is broadcast along some dimensions only";
  }
  for (const GraphResult& result : body.results())
    if (body.info(result.value).kind != ValueKind::result) return "a result is no op's";
  return std::nullopt;
}

bool NormalizationBody::has(size_t operand) const {
  return operand < norm.operands.size() && norm.operands[operand].valid();
}

ValueId NormalizationBody::x() const { return norm.operands[place_of_x(norm.op)]; }

bool NormalizationBody::is_picture(ValueId id) const {
  return own.body.type(id).shape == own.body.type(x()).shape;
}

NormalizationBody normalization_body(const Graph& graph, const Node& node) {
  NodeBody own = body_of(graph, node);
  Node norm = *std::ranges::find_if(own.body.nodes(), is_normalization);
  return {std::move(own), std::move(norm)};
}

}  // namespace sinter::jit
