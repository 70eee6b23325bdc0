#include "ir/copy.h"

namespace sinter {

GraphCopy::GraphCopy(const Graph& from, const Retype& retype, const Keep& keep)
    : from_(from), map_(from.values().size()) {
  to_.name = from.name;
  const auto type = [&](ValueId id) { return retype ? retype(id) : from.type(id); };
  for (const ValueId id : from.inputs()) replace(id, to_.input(from.info(id).name, type(id)));
  for (const ValueId id : from.parameters()) replace(id, to_.parameter(from.info(id).name, type(id)));
  for (const ValueId id : from.states()) replace(id, to_.state(from.info(id).name, type(id)));
  for (const ValueId id : from.constants())
    if (!keep || keep(id)) replace(id, to_.constant(from.info(id).constant));
}

Value GraphCopy::operator[](ValueId old) {
  require(map_[old.index].valid(), "a value that was copied before it is used");
  return to_.value(map_[old.index]);
}

std::vector<std::optional<Value>> GraphCopy::operands(const Node& node) {
  std::vector<std::optional<Value>> result;
  for (const ValueId id : node.operands)
    result.push_back(id.valid() ? std::optional((*this)[id]) : std::nullopt);
  return result;
}

std::vector<Value> GraphCopy::node(const Node& node) {
  Node copy = node;
  for (ValueId& id : copy.operands)
    if (id.valid()) id = (*this)[id].id();
  std::vector<Type> types;
  for (const ValueId id : node.results) types.push_back(from_.type(id));
  const auto results = to_.append_typed(std::move(copy), types);
  for (size_t i = 0; i < results.size(); ++i) replace(node.results[i], results[i]);
  return results;
}

std::vector<Value> GraphCopy::infer(const Node& node) {
  to_.at({.node = node.source});
  const auto results = to_.append(node.op, operands(node), node.attributes);
  for (size_t i = 0; i < results.size(); ++i) replace(node.results[i], results[i]);
  return results;
}

void GraphCopy::replace(ValueId old, Value with) { map_[old.index] = with.id(); }

Graph GraphCopy::finish() {
  for (const GraphResult& result : from_.results())
    to_.add_result((*this)[result.value], result.name,
                   result.stored_in.valid() ? std::optional((*this)[result.stored_in]) : std::nullopt);
  return take();
}

Graph GraphCopy::take() {
  to_.at({});
  return std::move(to_);
}

}  // namespace sinter
