#include "backends/jit/product_form.h"

#include <algorithm>

#include "backends/jit/elementwise.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

bool is_pool(OpKind op) {
  return op == OpKind::max_pool2d || op == OpKind::max_pool2d_argmax || op == OpKind::avg_pool2d;
}

bool is_input(const Graph& body, ValueId id) { return !id.valid() || body.info(id).kind == ValueKind::input; }

// Statistics are known when all of the product is: nothing can be normalised by them before.
std::optional<std::string> refuses_norm(const Graph& body, const Node& norm) {
  const auto is_result = [&](ValueId id) {
    return std::ranges::find(body.results(), id, &GraphResult::value) != body.results().end();
  };
  if (is_result(norm.results[0])) return "it is normalised by statistics of all of it";
  if (!is_result(norm.operands[0])) return "what has the statistics is not stored";
  return is_result(norm.results[1]) && is_result(norm.results[2])
             ? std::nullopt
             : std::optional<std::string>("it has no statistics");
}

std::optional<std::string> find_parts(const Graph& body, const ProductKind& kind, ProductForm& found) {
  for (NodeId id = 0; id < static_cast<NodeId>(body.nodes().size()); ++id) {
    const Node& node = body.node(id);
    if (found.pool) return fmt::format("{} comes after the pool", to_string(node.op));
    if (found.norm) return fmt::format("{} comes after the norm", to_string(node.op));
    if (std::ranges::count(kind.ops, node.op) > 0) {
      if (found.product >= 0) return fmt::format("it has two products, expected one {}", kind.name);
      if (!std::ranges::all_of(node.operands, [&](ValueId operand) { return is_input(body, operand); }))
        return fmt::format("something is computed before the {}", kind.name);
      found.product = id;
      found.made = node.results[0];
    } else if (kind.pools && is_pool(node.op)) {
      found.pool = id;
      found.pooled_from = node.operands[0];
    } else if (kind.pools && node.op == OpKind::batch_norm_training) {
      found.norm = id;
      found.normalized_from = node.operands[0];
      if (auto why = refuses_norm(body, node)) return why;
    } else if (auto why = refuses_elementwise(body, node)) {
      return why;
    }
  }
  if (found.product < 0) return fmt::format("it has no {}", kind.name);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> refuses_product(const Graph& body, const ProductKind& kind, ProductForm* form) {
  ProductForm found;
  if (auto why = find_parts(body, kind, found)) return why;
  const Shape& shape = body.type(found.made).shape;
  const Node& product = body.node(found.product);
  for (const Node& node : body.nodes())
    for (const ValueId id : node.operands) {
      if (!id.valid() || &node == &product || (found.norm && &node == &body.node(*found.norm))) continue;
      if (body.type(id).shape != shape && element_count(body.type(id).shape) != 1)
        return fmt::format("{} has an operand of another shape than the {}'s", to_string(node.op), kind.name);
    }
  const DType dtype = body.type(found.made).dtype;
  if (dtype != DType::f32 && !(kind.doubles && dtype == DType::f64))
    return fmt::format("the {} is in {}", kind.name, to_string(dtype));
  for (const GraphResult& result : body.results())
    if (body.info(result.value).kind != ValueKind::result) return "a result is no op's";
  if (form != nullptr) *form = found;
  return std::nullopt;
}

}  // namespace sinter::jit
