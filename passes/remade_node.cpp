#include "passes/remade_node.h"

#include <algorithm>

#include "ir/copy.h"
#include "ir/op_table.h"

namespace sinter {
namespace {

constexpr size_t mean = 1, variance = 2;  // results of batch_norm_training

// As batch_norm takes them: x, mean, variance, weight, bias.
template <typename T>
std::vector<T> with_statistics(const std::vector<T>& operands, T m, T v) {
  std::vector<T> all = {operands[0], m, v};
  all.insert(all.end(), operands.begin() + 1, operands.end());
  return all;
}

Attributes batch_norm_attributes(const Node& training) {
  return Attributes(OpKind::batch_norm, {{"epsilon", training.attributes.real("epsilon")}});
}

std::optional<Node> remade_norm(const Node& norm, ValueId value) {
  if (value != norm.results[0]) return std::nullopt;
  return Node{OpKind::batch_norm,
              batch_norm_attributes(norm),
              with_statistics(norm.operands, norm.results[mean], norm.results[variance]),
              {value},
              norm.source};
}

// Which of a body's results is a value of it; none: nobody reads that outside.
std::optional<size_t> result_of(const Graph& body, ValueId value) {
  const auto found = std::ranges::find(body.results(), value, &GraphResult::value);
  if (found == body.results().end()) return std::nullopt;
  return found - body.results().begin();
}

// The body with the statistics as further inputs, which gives one of its results.
Body given_statistics(const Graph& body, const Node& norm, size_t result) {
  GraphCopy copy(body);
  const Type type = body.type(norm.results[mean]);
  const Value m = copy.graph().input("mean", type), v = copy.graph().input("variance", type);
  for (const Node& node : body.nodes()) {
    if (&node != &norm) {
      copy.node(node);
      continue;
    }
    copy.graph().at({.node = node.source});
    const auto operands = with_statistics(copy.operands(node), std::optional(m), std::optional(v));
    copy.replace(norm.results[0],
                 copy.graph().append(OpKind::batch_norm, operands, batch_norm_attributes(norm))[0]);
  }
  copy.graph().add_result(copy[body.results()[result].value]);
  return std::make_shared<const Graph>(copy.take());
}

std::optional<Node> remade_fusion(const Node& fusion, ValueId value) {
  const Graph& body = fusion.attributes.body();
  const auto norm = std::ranges::find(body.nodes(), OpKind::batch_norm_training, &Node::op);
  if (norm == body.nodes().end()) return std::nullopt;
  const auto m = result_of(body, norm->results[mean]), v = result_of(body, norm->results[variance]);
  const size_t result = std::ranges::find(fusion.results, value) - fusion.results.begin();
  // What is left over would be made for nobody.
  if (!m || !v || fusion.results.size() != 3 || result == *m || result == *v) return std::nullopt;
  Node node{OpKind::fusion,
            Attributes(OpKind::fusion, {{"body", given_statistics(body, *norm, result)}}),
            fusion.operands,
            {value},
            fusion.source};
  node.operands.push_back(fusion.results[*m]);
  node.operands.push_back(fusion.results[*v]);
  return node;
}

}  // namespace

std::optional<Node> remade(const Graph& graph, ValueId value) {
  const ValueInfo& info = graph.info(value);
  if (info.kind != ValueKind::result) return std::nullopt;
  const Node& node = graph.node(info.node);
  if (node.op == OpKind::slab_loop) return std::nullopt;
  if (node.results.size() == 1) return node;
  if (node.op == OpKind::batch_norm_training) return remade_norm(node, value);
  return node.op == OpKind::fusion ? remade_fusion(node, value) : std::nullopt;
}

}  // namespace sinter
