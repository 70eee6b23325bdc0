#include "passes/fold_batch_norm.h"

#include <algorithm>

#include "ir/build.h"
#include "ir/copy.h"

namespace sinter {
namespace {

class FoldBatchNorm {
 public:
  explicit FoldBatchNorm(const Graph& from) : from_(from), copy_(from), readers_(from.values().size()) {
    for (const Node& node : from.nodes())
      for (const ValueId id : node.operands)
        if (id.valid()) ++readers_[id.index];
    for (const GraphResult& result : from.results()) ++readers_[result.value.index];
  }

  bool run(Graph& into) {
    bool changed = false;
    for (const Node& node : from_.nodes()) {
      if (const auto pair = foldable(node)) {
        fold(*pair, node);
        changed = true;
      } else {
        copy_.node(node);
      }
    }
    if (changed) into = copy_.finish();
    return changed;
  }

 private:
  /// What a batch norm folds into.
  struct Product {
    const Node& node;          ///< conv2d or linear
    const Node* reshape = {};  ///< between the two; null: nothing is
  };

  // Whether a node's operands from `first` on are the same in each run.
  bool is_fixed(const Node& node, size_t first) const {
    return std::all_of(node.operands.begin() + static_cast<int64_t>(first), node.operands.end(),
                       [&](ValueId id) { return !id.valid() || is_fixed(id); });
  }
  bool is_fixed(ValueId id) const {
    const ValueKind kind = from_.info(id).kind;
    return kind != ValueKind::result && kind != ValueKind::input &&
           std::ranges::count(from_.results(), id, &GraphResult::stored_in) == 0;
  }

  // The node whose only reader this operand is; null: there is none.
  const Node* made_for_it_alone(ValueId id) const {
    const ValueInfo& info = from_.info(id);
    return info.kind == ValueKind::result && readers_[id.index] == 1 ? &from_.node(info.node) : nullptr;
  }

  std::optional<Product> foldable(const Node& norm) const {
    if (norm.op != OpKind::batch_norm || !is_fixed(norm, 1)) return std::nullopt;
    const Node* node = made_for_it_alone(norm.operands[0]);
    if (node != nullptr && node->op == OpKind::conv2d && is_fixed(*node, 1)) return Product{*node};
    const Shape& x = from_.type(norm.operands[0]).shape;
    if (node == nullptr || node->op != OpKind::reshape || x[2] != Dim(1) || x[3] != Dim(1))
      return std::nullopt;
    const Node* const reshape = node;
    node = made_for_it_alone(reshape->operands[0]);
    const bool linear = node != nullptr && node->op == OpKind::linear && is_fixed(*node, 1);
    const bool same_channels = linear && from_.type(node->results[0]).shape.size() == 2 &&
                               from_.type(node->results[0]).shape[1] == x[1];
    return same_channels ? std::optional(Product{*node, reshape}) : std::nullopt;
  }

  // The product stays behind without a reader, for remove_dead_nodes.
  void fold(const Product& product, const Node& norm) {
    copy_.graph().at({.node = product.node.source});
    const auto operands = copy_.operands(product.node), statistics = copy_.operands(norm);
    const auto given = [](const std::vector<OptionalValue>& all, size_t i) {
      return i < all.size() ? all[i] : std::nullopt;
    };
    const Value mean = *statistics[1], variance = *statistics[2];
    const Value deviation = sqrt(variance + norm.attributes.real("epsilon"));
    const Value one = copy_.graph().scalar(variance.dtype(), 1);
    const Value scale = div(given(statistics, 3).value_or(one), deviation);
    Ints by_output(operands[1]->shape().size(), 1);
    by_output[0] = -1;
    const Value weight = *operands[1] * reshape(scale, by_output);
    const auto bias = given(operands, 2), shift = given(statistics, 4);
    Value constant = (bias ? *bias - mean : mean * -1.0) * scale;
    if (shift) constant = constant + *shift;
    copy_.graph().at({.node = norm.source});
    Value made =
        copy_.graph().append(product.node.op, std::vector<OptionalValue>{operands[0], weight, constant},
                             product.node.attributes)[0];
    if (product.reshape != nullptr)
      made = copy_.graph().append(OpKind::reshape, std::vector<OptionalValue>{made},
                                  product.reshape->attributes)[0];
    copy_.replace(norm.results[0], made);
  }

  const Graph& from_;
  GraphCopy copy_;
  std::vector<int> readers_;
};

}  // namespace

bool fold_batch_norm(Graph& graph, const PassOptions&) {
  const Graph from = graph;
  return FoldBatchNorm(from).run(graph);
}

}  // namespace sinter
