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
      if (const Node* convolution = foldable(node)) {
        fold(*convolution, node);
        changed = true;
      } else {
        copy_.node(node);
      }
    }
    if (changed) into = copy_.finish();
    return changed;
  }

 private:
  bool is_constant(const Node& node, size_t first) const {
    return std::all_of(node.operands.begin() + static_cast<int64_t>(first), node.operands.end(),
                       [&](ValueId id) { return !id.valid() || from_.info(id).kind == ValueKind::constant; });
  }

  // The convolution that a batch norm folds into; null: there is none.
  const Node* foldable(const Node& norm) const {
    if (norm.op != OpKind::batch_norm || !is_constant(norm, 1)) return nullptr;
    const ValueInfo& x = from_.info(norm.operands[0]);
    if (x.kind != ValueKind::result || readers_[norm.operands[0].index] != 1) return nullptr;
    const Node& node = from_.node(x.node);
    return node.op == OpKind::conv2d && is_constant(node, 1) ? &node : nullptr;
  }

  // The convolution stays behind without a reader, for remove_dead_nodes.
  void fold(const Node& convolution, const Node& norm) {
    copy_.graph().at({.node = convolution.source});
    const auto operands = copy_.operands(convolution), statistics = copy_.operands(norm);
    const auto given = [](const std::vector<OptionalValue>& all, size_t i) {
      return i < all.size() ? all[i] : std::nullopt;
    };
    const Value mean = *statistics[1], variance = *statistics[2];
    const Value deviation = sqrt(variance + norm.attributes.real("epsilon"));
    const Value one = copy_.graph().scalar(variance.dtype(), 1);
    const Value scale = div(given(statistics, 3).value_or(one), deviation);
    const Value weight = *operands[1] * reshape(scale, {-1, 1, 1, 1});
    const auto bias = given(operands, 2), shift = given(statistics, 4);
    Value constant = (bias ? *bias - mean : mean * -1.0) * scale;
    if (shift) constant = constant + *shift;
    copy_.graph().at({.node = norm.source});
    const auto results = copy_.graph().append(
        OpKind::conv2d, std::vector<OptionalValue>{operands[0], weight, constant}, convolution.attributes);
    copy_.replace(norm.results[0], results[0]);
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
