#include "passes/sink_transposes.h"

#include <algorithm>

#include "ir/op_table.h"
#include "ir/ops/axis.h"
#include "passes/transpose_rules.h"

namespace sinter {
namespace {

constexpr size_t most_concatenated = 8;

const Node* transpose_of(const Graph& graph, ValueId value) {
  if (!value.valid() || graph.info(value).kind != ValueKind::result) return nullptr;
  const Node& node = graph.node(graph.info(value).node);
  return node.op == OpKind::transpose ? &node : nullptr;
}

// The one permutation of all operands that are transposed; nothing: there is none, or there are several.
std::optional<Ints> common_permutation(const Graph& graph, const Node& node) {
  std::optional<Ints> common;
  for (const ValueId operand : node.operands) {
    const Node* moved = transpose_of(graph, operand);
    if (moved == nullptr) continue;
    const Ints& permutation = moved->attributes.ints("permutation");
    if (common && *common != permutation) return std::nullopt;
    common = permutation;
  }
  return common;
}

Ints inverse_of(const Ints& permutation) {
  Ints inverse(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) inverse[permutation[i]] = static_cast<int64_t>(i);
  return inverse;
}

// What is broadcast, in the order of dimensions before the transpose: [C] behind NHWC is [C, 1, 1] behind
// NCHW.
Value turned_back(Value x, const Ints& permutation) {
  Ints shape(permutation.size() - x.shape().size(), 1);
  for (const int64_t size : sizes(x.shape())) shape.push_back(size);
  const Value turned = transpose(reshape(x, shape), inverse_of(permutation));
  Ints own = sizes(turned.shape());
  own.erase(own.begin(), std::ranges::find_if(own, [](int64_t size) { return size != 1; }));
  return reshape(turned, own);
}

// The operand as it is before the transpose; nothing: it would have to be moved in each run.
OptionalValue before_transpose(Graph& graph, ValueId operand, const Ints& permutation) {
  if (const Node* moved = transpose_of(graph, operand)) return graph.value(moved->operands[0]);
  const ValueInfo& info = graph.info(operand);
  if (info.type.shape.empty()) return graph.value(operand);
  if (info.kind != ValueKind::parameter && info.kind != ValueKind::constant) return std::nullopt;
  if (info.type.shape.size() > permutation.size()) return std::nullopt;
  return turned_back(graph.value(operand), permutation);
}

OptionalValue behind_elementwise(const Match& m) {
  Graph& graph = m.graph();
  const Node node = graph.node(graph.info(m.root().id()).node);  // a copy: nodes are appended below
  const auto permutation = common_permutation(graph, node);
  if (!permutation || node.results.size() != 1) return std::nullopt;
  std::vector<OptionalValue> operands;
  for (const ValueId operand : node.operands) {
    operands.push_back(before_transpose(graph, operand, *permutation));
    if (!operands.back()) return std::nullopt;
  }
  return transpose(graph.append(node.op, operands, node.attributes)[0], *permutation);
}

OptionalValue behind_concat(const Match& m) {
  Graph& graph = m.graph();
  const Node node = graph.node(graph.info(m.root().id()).node);
  const auto permutation = common_permutation(graph, node);
  if (!permutation) return std::nullopt;
  std::vector<Value> operands;
  for (const ValueId operand : node.operands) {
    const Node* moved = transpose_of(graph, operand);
    if (moved == nullptr) return std::nullopt;
    operands.push_back(graph.value(moved->operands[0]));
  }
  const size_t axis = ops::resolved_axis(node.attributes.integer("axis"), permutation->size());
  return transpose(concat(operands, (*permutation)[axis]), *permutation);
}

// Without the reduced dimensions the others may still be in another order.
OptionalValue behind_reduction(const Match& m) {
  Graph& graph = m.graph();
  const Node node = graph.node(graph.info(m.root().id()).node);
  const auto permutation = common_permutation(graph, node);
  if (!permutation || node.attributes.ints("axes").empty()) return std::nullopt;
  Ints axes;
  for (const int64_t axis : node.attributes.ints("axes"))
    axes.push_back((*permutation)[ops::resolved_axis(axis, permutation->size())]);
  std::ranges::sort(axes);
  const bool keepdims = node.attributes.boolean("keepdims");
  const Value x = graph.value(transpose_of(graph, node.operands[0])->operands[0]);
  const ReduceOptions options = {.axes = axes, .keepdims = keepdims};
  const Value y = node.op == OpKind::mean ? mean(x, options) : sum(x, options);
  if (keepdims) return transpose(y, *permutation);
  Ints order;  // of those that are left: the rank of each among them
  for (const int64_t from : *permutation)
    if (std::ranges::find(axes, from) == axes.end())
      order.push_back(from - std::ranges::count_if(axes, [&](int64_t axis) { return axis < from; }));
  return transpose(y, order);
}

Rule transpose_that_moves_ones() {
  const auto x = any(), moved = pattern(OpKind::transpose, {x});
  return {moved, [=](const Match& m) -> OptionalValue {
            Ints large;  // where the dimensions come from that are more than 1
            for (const int64_t from : m.node(moved).attributes.ints("permutation"))
              if (m[x].shape()[from] != Dim(1)) large.push_back(from);
            if (!std::ranges::is_sorted(large) || !is_concrete(m.root().shape())) return std::nullopt;
            return reshape(m[x], sizes(m.root().shape()));
          }};
}

Pattern of_any(OpKind op, size_t operands) {
  std::vector<Pattern> each;
  for (size_t i = 0; i < operands; ++i) each.push_back(any());
  return pattern(op, std::move(each));
}

std::vector<Rule> all_rules() {
  std::vector<Rule> rules = {join_transposes(), unmoved_transpose(), transpose_that_moves_ones()};
  for (const OpDef& op : op_table()) {
    if (op.elementwise == Elementwise::no || op.updates) continue;
    rules.push_back({of_any(op.kind, op.operands.size()), behind_elementwise});
  }
  for (size_t count = 1; count <= most_concatenated; ++count)
    rules.push_back({of_any(OpKind::concat, count), behind_concat});
  for (const OpKind op : {OpKind::mean, OpKind::sum})
    rules.push_back({pattern(op, {pattern(OpKind::transpose, {any()})}), behind_reduction});
  return rules;
}

}  // namespace

bool sink_transposes(Graph& graph, const PassOptions&) {
  const std::vector<Rule> rules = all_rules();
  return rewrite(graph, rules);
}

}  // namespace sinter
