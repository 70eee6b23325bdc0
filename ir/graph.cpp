#include "ir/graph.h"

#include <algorithm>

namespace sinter {

Value Graph::value(ValueId id) {
  require(id.valid() && id.index < static_cast<int32_t>(values_.size()), "a value of this graph");
  return {*this, id};
}

Value Graph::add(ValueKind kind, std::string name, Type type, std::vector<ValueId>& list) {
  const ValueId id{static_cast<int32_t>(values_.size())};
  if (!names_.emplace(name, id).second)
    fail_input_at(location_, "the name \"{}\" stands twice in graph \"{}\"", name, this->name);
  values_.push_back({.kind = kind, .type = std::move(type), .name = std::move(name)});
  list.push_back(id);
  return {*this, id};
}

Value Graph::input(std::string name, Type type) {
  return add(ValueKind::input, std::move(name), std::move(type), inputs_);
}

Value Graph::parameter(std::string name, Type type) {
  return add(ValueKind::parameter, std::move(name), std::move(type), parameters_);
}

Value Graph::state(std::string name, Type type) {
  return add(ValueKind::state, std::move(name), std::move(type), states_);
}

Value Graph::constant(Tensor tensor) {
  if (tensor.shape().empty())
    for (const ValueId id : constants_)
      if (info(id).constant == tensor) return {*this, id};
  const ValueId id{static_cast<int32_t>(values_.size())};
  values_.push_back({.kind = ValueKind::constant, .type = tensor.type(), .constant = std::move(tensor)});
  constants_.push_back(id);
  return {*this, id};
}

Value Graph::scalar(DType dtype, double value) { return constant(Tensor::scalar(dtype, value)); }

std::optional<ValueId> Graph::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<size_t> Graph::find_result(std::string_view name) const {
  for (size_t i = 0; i < results_.size(); ++i)
    if (results_[i].name == name) return i;
  return std::nullopt;
}

std::vector<Value> Graph::append(OpKind op, std::span<const std::optional<Value>> operands,
                                 const Attributes& attributes) {
  std::vector<std::optional<Type>> types;
  Node node{op, attributes, {}, {}, location_.node};
  for (const auto& operand : operands) {
    require(!operand || &operand->graph() == this, "operands of this graph");
    types.push_back(operand ? std::optional(operand->type()) : std::nullopt);
    node.operands.push_back(operand ? operand->id() : ValueId{});
  }
  while (!node.operands.empty() && !node.operands.back().valid()) node.operands.pop_back();
  try {
    return append_typed(std::move(node), infer_types(op, attributes, types));
  } catch (const InputError& error) {
    rethrow_here(error);
  }
}

void Graph::rethrow_here(const InputError& error) const {
  if (error.location() != Location{}) throw error;
  std::string notes = error.notes();
  if (!location_.node.empty())
    notes += fmt::format("{}  {:<10}{}", notes.empty() ? "" : "\n", "layer", location_.node);
  throw InputError(location_, error.message(), notes);
}

std::vector<Value> Graph::append_typed(Node node, std::span<const Type> result_types) {
  node.results.clear();
  std::vector<Value> results;
  for (size_t i = 0; i < result_types.size(); ++i) {
    const ValueId id{static_cast<int32_t>(values_.size())};
    values_.push_back({.kind = ValueKind::result,
                       .type = result_types[i],
                       .node = static_cast<NodeId>(nodes_.size()),
                       .result_index = static_cast<int>(i)});
    node.results.push_back(id);
    results.push_back({*this, id});
  }
  nodes_.push_back(std::move(node));
  return results;
}

void Graph::add_result(Value value, std::string name, std::optional<Value> stored_in) {
  results_.push_back({value.id(), std::move(name), stored_in ? stored_in->id() : ValueId{}});
}

namespace {

// Walks two graphs in step; `map` takes a value of the first to its counterpart in the second.
class Comparison {
 public:
  Comparison(const Graph& a, const Graph& b) : a_(a), b_(b), map_(a.values().size()) {}

  bool same() {
    return a_.name == b_.name && same_named(a_.inputs(), b_.inputs()) &&
           same_named(a_.parameters(), b_.parameters()) && same_named(a_.states(), b_.states()) &&
           same_constants() && same_nodes() && same_results();
  }

 private:
  bool same_named(std::span<const ValueId> a, std::span<const ValueId> b) {
    return std::ranges::equal(a, b, [&](ValueId x, ValueId y) {
      map_[x.index] = y;
      return a_.info(x).name == b_.info(y).name && a_.type(x) == b_.type(y);
    });
  }

  bool same_constants() {
    return std::ranges::equal(a_.constants(), b_.constants(), [&](ValueId x, ValueId y) {
      map_[x.index] = y;
      return a_.info(x).constant == b_.info(y).constant;
    });
  }

  bool counterpart(ValueId x, ValueId y) const { return x.valid() ? map_[x.index] == y : !y.valid(); }

  bool same_nodes() {
    return std::ranges::equal(a_.nodes(), b_.nodes(), [&](const Node& x, const Node& y) {
      if (x.op != y.op || x.source != y.source || !(x.attributes == y.attributes)) return false;
      if (!std::ranges::equal(x.operands, y.operands,
                              [&](ValueId p, ValueId q) { return counterpart(p, q); }))
        return false;
      return std::ranges::equal(x.results, y.results, [&](ValueId p, ValueId q) {
        map_[p.index] = q;
        return a_.type(p) == b_.type(q);
      });
    });
  }

  bool same_results() const {
    return std::ranges::equal(a_.results(), b_.results(), [&](const GraphResult& x, const GraphResult& y) {
      return x.name == y.name && counterpart(x.value, y.value) && counterpart(x.stored_in, y.stored_in);
    });
  }

  const Graph& a_;
  const Graph& b_;
  std::vector<ValueId> map_;
};

}  // namespace

bool Graph::operator==(const Graph& other) const { return Comparison(*this, other).same(); }

}  // namespace sinter
