#include "tests/random/random_graph.h"

#include <algorithm>
#include <cmath>

namespace sinter {
namespace {

constexpr double largest_magnitude = 1e4;
constexpr int64_t most_elements = 20000;
constexpr int64_t most_constant_elements = 16;

bool is_tame(const Tensor& tensor) {
  if (tensor.count() > most_elements) return false;
  for (int64_t i = 0; i < tensor.count(); ++i)
    if (!(std::abs(tensor.at(i)) <= largest_magnitude)) return false;
  return true;
}

// Evaluates as it grows, so that it knows which values suit an op's domain and which grow too large.
class Grower {
 public:
  Grower(RandomEngine& random, const RandomGraphOptions& options) : random_(random), options_(options) {
    for (const OpDef& op : op_table())
      if (options.allow(op)) ops_.push_back(&op);
    require(!ops_.empty(), "an op to draw from");
  }

  RandomGraph grow() {
    for (int tries = 0; tries < 100 * options_.nodes && size() < options_.nodes; ++tries) add_node();
    require(size() == options_.nodes, "a graph of as many nodes as asked for");
    add_results();
    return {std::move(graph_), std::move(bindings_)};
  }

 private:
  int size() const { return static_cast<int>(graph_.nodes().size()); }

  void add_node() {
    const OpDef& op = *ops_[random_integer(random_, 0, static_cast<int64_t>(ops_.size()) - 1)];
    auto instance =
        random_instance(op, random_, {.floating = options_.floating, .integers = options_.integers}, types_);
    if (!instance) return;
    auto tensors = random_operands(*instance, random_);
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (!instance->taken[i]) continue;
      const Tensor& there = tensors_[*instance->taken[i]];
      if (in_domain(there, operand_domain(op.kind, i), class_count(*instance)))
        tensors[i] = there;
      else
        instance->taken[i].reset();
    }
    const auto results = evaluate(op.kind, instance->attributes, tensors);
    if (std::ranges::all_of(results, is_tame)) append(*instance, tensors, results);
  }

  void append(const OpInstance& instance, std::span<const std::optional<Tensor>> tensors,
              std::span<const Tensor> results) {
    std::vector<std::optional<Value>> operands;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (!tensors[i])
        operands.emplace_back();
      else if (instance.taken[i])
        operands.emplace_back(graph_.value(values_[*instance.taken[i]]));
      else
        operands.emplace_back(leaf(instance.op, i, *tensors[i]));
    }
    graph_.at({.node = chance(random_, 0.3) ? fmt::format("layer{}", size()) : ""});
    const auto values = graph_.append(instance.op, operands, instance.attributes);
    for (size_t i = 0; i < values.size(); ++i) add_value(values[i], results[i]);
  }

  Value leaf(OpKind op, size_t operand, const Tensor& tensor) {
    const auto& defs = op_def(op).operands;
    const Role role = defs[std::min(operand, defs.size() - 1)].role;
    const auto number = values_.size();
    if (role == Role::data && tensor.count() <= most_constant_elements && chance(random_, 0.3))
      return add_value(graph_.constant(tensor), tensor);
    if (role == Role::data) {
      bindings_.inputs.push_back(tensor);
      return add_value(graph_.input(fmt::format("x{}", number), tensor.type()), tensor);
    }
    bindings_.parameters.push_back(tensor);
    const std::string_view word = role == Role::weight ? "weight" : "bias";
    return add_value(graph_.parameter(fmt::format("{}.{}", number, word), tensor.type()), tensor);
  }

  Value add_value(Value value, const Tensor& tensor) {
    values_.push_back(value.id());
    types_.push_back(value.type());
    tensors_.push_back(tensor);
    return value;
  }

  // The last value, and others at random: what no result needs is there for dead code elimination.
  void add_results() {
    graph_.at({});
    graph_.add_result(graph_.value(values_.back()));
    for (int64_t more = random_integer(random_, 0, 2); more > 0; --more) {
      const auto index = random_integer(random_, 0, static_cast<int64_t>(values_.size()) - 1);
      graph_.add_result(graph_.value(values_[index]), fmt::format("extra{}", more));
    }
  }

  RandomEngine& random_;
  const RandomGraphOptions& options_;
  std::vector<const OpDef*> ops_;
  Graph graph_;
  Bindings bindings_;
  std::vector<ValueId> values_;
  std::vector<Type> types_;
  std::vector<Tensor> tensors_;
};

}  // namespace

RandomGraph random_graph(RandomEngine& random, const RandomGraphOptions& options) {
  return Grower(random, options).grow();
}

}  // namespace sinter
