#include "passes/enter_training.h"

#include <algorithm>

#include "ir/build.h"
#include "ir/copy.h"

namespace sinter {
namespace {

class EnterTraining {
 public:
  explicit EnterTraining(const Graph& from) : from_(from), copy_(from) {}

  bool run(Graph& into) {
    for (const Node& node : from_.nodes())
      if (moves_statistics(node))
        use_batch_statistics(node);
      else
        copy_.node(node);
    if (stores_.empty()) return false;
    into = copy_.finish();
    for (const auto& [state, value] : stores_)
      into.add_result(into.value(value), from_.info(state).name + "'",
                      into.value(*into.find(from_.info(state).name)));
    return true;
  }

 private:
  bool is_free_state(ValueId id) const {
    return from_.info(id).kind == ValueKind::state &&
           std::ranges::none_of(stores_, [&](const auto& store) { return store.first == id; });
  }

  bool moves_statistics(const Node& node) const {
    return node.op == OpKind::batch_norm && is_free_state(node.operands[1]) &&
           is_free_state(node.operands[2]) && node.operands[1] != node.operands[2];
  }

  void use_batch_statistics(const Node& node) {
    const Shape& x = from_.type(node.operands[0]).shape;
    if (!is_concrete(x))
      fail_input("graph \"{}\" has symbols in {}; training needs numbers: bind them first", from_.name,
                 to_string(from_.type(node.operands[0])));
    auto operands = copy_.operands(node);
    operands.erase(operands.begin() + 1, operands.begin() + 3);
    copy_.graph().at({.node = node.source});
    const auto results = copy_.graph().append(
        OpKind::batch_norm_training, operands,
        Attributes(OpKind::batch_norm_training, {{"epsilon", node.attributes.real("epsilon")}}));
    copy_.replace(node.results[0], results[0]);
    const double count = per_sample_count({x[0], x[2], x[3]}), momentum = node.attributes.real("momentum");
    move(node.operands[1], results[1], momentum, 1);
    move(node.operands[2], results[2], momentum, count / (count - 1));
  }

  // state' = (1 - momentum) * state + momentum * factor * value
  void move(ValueId state, Value value, double momentum, double factor) {
    const Value moved = value * (momentum * factor), kept = copy_[state] * (1 - momentum);
    stores_.emplace_back(state, (kept + moved).id());
  }

  const Graph& from_;
  GraphCopy copy_;
  std::vector<std::pair<ValueId, ValueId>> stores_;  ///< old state, new value of it in the copy
};

}  // namespace

bool enter_training(Graph& graph, const PassOptions&) {
  const Graph from = graph;
  return EnterTraining(from).run(graph);
}

}  // namespace sinter
