#include "backends/jit/convolution.h"

#include <algorithm>

#include "backends/jit/elementwise.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

bool is_pool(OpKind op) {
  return op == OpKind::max_pool2d || op == OpKind::max_pool2d_argmax || op == OpKind::avg_pool2d;
}

bool is_input(const Graph& body, ValueId id) { return !id.valid() || body.info(id).kind == ValueKind::input; }

}  // namespace

Convolution convolution(const Shape& x, const Shape& weight, const Shape& y, const Attributes& attributes) {
  const Ints &stride = attributes.ints("stride"), &padding = attributes.ints("padding");
  return {x[0].size, x[1].size, x[2].size, x[3].size, weight[0].size, weight[2].size, weight[3].size,
          y[2].size, y[3].size, stride[0], stride[1], padding[0],     padding[1]};
}

PoolWindows pool_windows(const Graph& body, const Node& pool) {
  const Ints &kernel = pool.attributes.ints("kernel_size"), &padding = pool.attributes.ints("padding");
  const Ints& given = pool.attributes.ints("stride");
  const Ints& stride = given.empty() ? kernel : given;
  const Shape& y = body.type(pool.results[0]).shape;
  return {kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], y[2].size, y[3].size};
}

std::optional<std::string> refuses_forward_body(const Graph& body, ForwardForm* form) {
  ForwardForm found{-1, {}};
  for (NodeId id = 0; id < static_cast<NodeId>(body.nodes().size()); ++id) {
    const Node& node = body.node(id);
    if (found.pool) return fmt::format("{} comes after the pool", to_string(node.op));
    if (node.op == OpKind::conv2d) {
      if (found.conv >= 0) return "it has two convolutions";
      if (!std::ranges::all_of(node.operands, [&](ValueId operand) { return is_input(body, operand); }))
        return "something is computed before the convolution";
      found.conv = id;
      found.convolved = node.results[0];
    } else if (is_pool(node.op)) {
      found.pool = id;
      found.pooled_from = node.operands[0];
    } else if (auto why = refuses_elementwise(body, node)) {
      return why;
    }
  }
  if (found.conv < 0) return "it has no convolution";
  const Shape& shape = body.type(found.convolved).shape;
  const Node& conv = body.node(found.conv);
  for (const Node& node : body.nodes())
    for (const ValueId id : node.operands) {
      if (!id.valid() || &node == &conv) continue;
      if (body.type(id).shape != shape && element_count(body.type(id).shape) != 1)
        return fmt::format("{} has an operand of another shape than the convolution's", to_string(node.op));
    }
  for (const ValueId id : conv.operands)
    if (id.valid() && body.type(id).dtype != DType::f32) return "the convolution is not in f32";
  for (const GraphResult& result : body.results())
    if (body.info(result.value).kind != ValueKind::result) return "a result is no op's";
  if (form != nullptr) *form = found;
  return std::nullopt;
}

}  // namespace sinter::jit
