#include "tests/passes/random_training_graph.h"

#include <algorithm>

#include "ir/build.h"

namespace sinter {
namespace {

// Casts round and steps jump: differences say nothing about those.
bool is_smooth(const OpDef& op) {
  const OpDef& trained = op_def(op.train_as);
  return trained.gradient != nullptr && trained.gradient != zero_gradient && op.kind != OpKind::cast;
}

// Copies a graph with its floating inputs as parameters.
class Retold {
 public:
  Retold(const RandomGraph& from)
      : from_(from.graph), values_(from.graph.values().size()), varies_(values_.size()) {
    for (size_t i = 0; i < from_.inputs().size(); ++i) leaf(from_.inputs()[i], from.bindings.inputs[i]);
    for (size_t i = 0; i < from_.parameters().size(); ++i)
      leaf(from_.parameters()[i], from.bindings.parameters[i]);
    for (const ValueId id : from_.constants())
      values_[id.index] = to_.graph.constant(from_.info(id).constant).id();
    for (const Node& node : from_.nodes()) copy(node);
  }

  // The mean of the squares of the last floating value that depends on a parameter; absent: there is none.
  std::optional<RandomGraph> with_loss() {
    for (size_t i = values_.size(); i-- > 0;) {
      if (!varies_[i] || from_.values()[i].kind != ValueKind::result) continue;
      const Value last = to_.graph.value(values_[i]);
      to_.graph.add_result(mean(last * last), "loss");
      return std::move(to_);
    }
    return std::nullopt;
  }

 private:
  void leaf(ValueId id, const Tensor& tensor) {
    const ValueInfo& info = from_.info(id);
    varies_[id.index] = is_floating(info.type.dtype);
    values_[id.index] = (varies_[id.index] ? to_.graph.parameter(info.name, info.type)
                                           : to_.graph.input(info.name, info.type))
                            .id();
    (varies_[id.index] ? to_.bindings.parameters : to_.bindings.inputs).push_back(tensor);
  }

  void copy(const Node& node) {
    std::vector<OptionalValue> operands;
    bool varies = false;
    for (const ValueId id : node.operands) {
      operands.push_back(id.valid() ? OptionalValue(to_.graph.value(values_[id.index])) : std::nullopt);
      varies = varies || (id.valid() && varies_[id.index]);
    }
    const auto results = to_.graph.append(node.op, operands, node.attributes);
    for (size_t i = 0; i < results.size(); ++i) {
      values_[node.results[i].index] = results[i].id();
      varies_[node.results[i].index] = varies && is_floating(results[i].dtype());
    }
  }

  const Graph& from_;
  RandomGraph to_;
  std::vector<ValueId> values_;
  std::vector<bool> varies_;
};

}  // namespace

RandomGraph random_training_graph(RandomEngine& random, DType floating) {
  for (;;) {
    const RandomGraph drawn = random_graph(random, {.floating = floating, .allow = is_smooth});
    if (auto trainable = Retold(drawn).with_loss()) return std::move(*trainable);
  }
}

}  // namespace sinter
