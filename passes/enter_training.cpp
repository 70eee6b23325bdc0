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
      else if (node.op == OpKind::dropout)
        drop(node);
      else
        copy_.node(node);
    if (!changed_) return false;
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

  const Type& concrete_type(ValueId id) const {
    const Type& type = from_.type(id);
    if (!is_concrete(type.shape))
      fail_input("graph \"{}\" has symbols in {}; training needs numbers: bind them first", from_.name,
                 to_string(type));
    return type;
  }

  // The layers are told apart by their order.
  void drop(const Node& node) {
    const Type& x = concrete_type(node.operands[0]);
    if (from_.inputs().empty() || from_.type(from_.inputs()[0]).shape.empty() || x.shape.empty() ||
        x.shape[0] != from_.type(from_.inputs()[0]).shape[0])
      fail_input(
          "graph \"{}\" has dropout of {}; training needs the samples in dimension 0, as many as the first "
          "input has",
          from_.name, to_string(x));
    changed_ = true;
    if (!seed_) {
      seed_ = copy_.graph().input(std::string(dropout_seed_input), {DType::i64, {}, {}});
      sample_ = copy_.graph().input(std::string(dropout_sample_input), {DType::i64, {x.shape[0]}, {}});
    }
    const Ints size = sizes(x.shape);
    copy_.graph().at({.node = node.source});
    const Value mask = dropout_mask(*sample_, *seed_,
                                    {.sample_size = {size.begin() + 1, size.end()},
                                     .p = node.attributes.real("p"),
                                     .stream = streams_++,
                                     .dtype = x.dtype});
    copy_.replace(node.results[0], mul(copy_[node.operands[0]], mask));
  }

  void use_batch_statistics(const Node& node) {
    changed_ = true;
    const Shape& x = concrete_type(node.operands[0]).shape;
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
  bool changed_ = false;
  std::vector<std::pair<ValueId, ValueId>> stores_;  ///< old state, new value of it in the copy
  OptionalValue seed_, sample_;                      ///< inputs of dropout, once there is one
  int64_t streams_ = 0;
};

}  // namespace

bool enter_training(Graph& graph, const PassOptions&) {
  const Graph from = graph;
  return EnterTraining(from).run(graph);
}

}  // namespace sinter
