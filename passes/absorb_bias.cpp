#include "passes/absorb_bias.h"

#include <algorithm>

#include "ir/build.h"
#include "ir/copy.h"
#include "passes/readers.h"

namespace sinter {
namespace {

bool is_bare_product(const Node& node) {
  return (node.op == OpKind::conv2d || node.op == OpKind::linear) &&
         (node.operands.size() < 3 || !node.operands[2].valid());
}

// Whether it adds one number to each channel: [C, 1, 1] to [N, C, H, W], [C] to [N, C].
bool is_by_channel(const Shape& added, const Node& product, const Graph& graph) {
  const Shape& y = graph.type(product.results[0]).shape;
  const size_t channel = product.op == OpKind::conv2d ? 1 : y.size() - 1;
  const size_t lacks = y.size() - std::min(added.size(), y.size());
  if (added.size() > y.size() || lacks > channel) return false;
  for (size_t d = lacks; d < y.size(); ++d)
    if (added[d - lacks] != (d == channel ? y[d] : Dim(1))) return false;
  return true;
}

struct Sum {
  const Node& product;
  size_t added;  ///< the operand that becomes the bias
};

std::optional<Sum> sum_of(const Graph& graph, const Readers& readers, const Node& node) {
  if (node.op != OpKind::add) return std::nullopt;
  for (const size_t side : {0, 1}) {
    const ValueInfo& info = graph.info(node.operands[side]);
    if (info.kind != ValueKind::result || readers.only(node.operands[side]) < 0) continue;
    const Node& product = graph.node(info.node);
    if (is_bare_product(product) &&
        is_by_channel(graph.type(node.operands[1 - side]).shape, product, graph) &&
        graph.type(node.results[0]) == info.type)
      return Sum{product, 1 - side};
  }
  return std::nullopt;
}

}  // namespace

// The bare product stays behind without a reader, for remove_dead_nodes.
bool absorb_bias(Graph& graph, const PassOptions&) {
  const Graph from = graph;
  const Readers readers(from);
  GraphCopy copy(from);
  bool changed = false;
  for (const Node& node : from.nodes()) {
    const auto sum = sum_of(from, readers, node);
    if (!sum) {
      copy.node(node);
      continue;
    }
    changed = true;
    copy.graph().at({.node = sum->product.source});
    const Value added = copy[node.operands[sum->added]];
    const auto operands = copy.operands(sum->product);
    const Value bias = reshape(added, {element_count(added.shape())});
    const std::vector<OptionalValue> with_bias = {operands[0], operands[1], bias};
    copy.replace(node.results[0],
                 copy.graph().append(sum->product.op, with_bias, sum->product.attributes)[0]);
  }
  if (changed) graph = copy.finish();
  return changed;
}

}  // namespace sinter
