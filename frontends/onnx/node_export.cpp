#include "frontends/onnx/node_export.h"

#include <algorithm>

#include "frontends/onnx/element_types.h"

namespace sinter::onnx {

namespace {

std::string not_in(std::set<std::string, std::less<>>& taken, const std::string& wanted) {
  std::string name = wanted;
  for (int i = 1; !taken.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
  return name;
}

}  // namespace

std::string ModelExport::unique(const std::string& wanted) { return not_in(taken, wanted); }

std::string ModelExport::constant(const std::string& wanted, Tensor value) {
  std::string name = unique(wanted);
  model.initializers.emplace(name, std::move(value));
  return name;
}

const Tensor* NodeExport::constant_operand(size_t i) const {
  const ValueInfo& info = graph_.info(node_.operands[i]);
  return info.kind == ValueKind::constant ? &info.constant : nullptr;
}

int64_t NodeExport::result_number(size_t i) const { return element_number(result_type(i).dtype); }

std::string NodeExport::base() const {
  return node_.source.empty() ? std::string(to_string(node_.op)) : node_.source;
}

std::string NodeExport::in(size_t i) const { return has(i) ? to_.names[node_.operands[i].index] : ""; }

std::vector<std::string> NodeExport::inputs() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < operand_count(); ++i) names.push_back(in(i));
  return names;
}

std::string NodeExport::emit(std::string_view op, std::vector<std::string> inputs,
                             NamedAttributes attributes) {
  std::string name = to_.unique(fmt::format("{}.{}", base(), op));
  append(op, std::move(inputs), {name}, std::move(attributes));
  return name;
}

std::string NodeExport::emit_second(std::string_view op, std::vector<std::string> inputs,
                                    NamedAttributes attributes) {
  std::string name = to_.unique(fmt::format("{}.{}", base(), op));
  append(op, std::move(inputs), {to_.names[node_.results[0].index], name}, std::move(attributes));
  return name;
}

void NodeExport::result(std::string_view op, std::vector<std::string> inputs, NamedAttributes attributes) {
  std::vector<std::string> outputs;
  for (const ValueId id : node_.results) outputs.push_back(to_.names[id.index]);
  append(op, std::move(inputs), std::move(outputs), std::move(attributes));
}

void NodeExport::result_at(size_t i, std::string_view op, std::vector<std::string> inputs,
                           NamedAttributes attributes) {
  append(op, std::move(inputs), {to_.names[node_.results[i].index]}, std::move(attributes));
}

void NodeExport::append(std::string_view op, std::vector<std::string> inputs,
                        std::vector<std::string> outputs, NamedAttributes attributes) {
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  ModelNode node{.op = std::string(op),
                 .domain = "",
                 .name = node_.source,
                 .number = static_cast<int>(to_.model.nodes.size()) + 1,
                 .inputs = std::move(inputs),
                 .outputs = std::move(outputs)};
  for (auto& [name, value] : attributes) node.attributes.emplace(std::move(name), std::move(value));
  if (!node.name.empty() && !to_.taken_nodes.insert(node.name).second) {
    node.layer = node.name;
    node.name = not_in(to_.taken_nodes, fmt::format("{}.{}", node.layer, op));
  }
  to_.model.nodes.push_back(std::move(node));
}

std::string NodeExport::tensor(std::string_view what, Tensor value) const {
  return to_.constant(fmt::format("{}.{}", base(), what), std::move(value));
}

std::string NodeExport::integers(std::string_view what, const Ints& values) const {
  return tensor(what,
                Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, std::span<const int64_t>(values)));
}

std::string NodeExport::number(double value) const {
  return tensor("number", Tensor::scalar(type(0).dtype, value));
}

// In ONNX, 0 is the input's size at that place, unless zeros are allowed.
std::string NodeExport::target(const Shape& from, const Shape& to) const {
  const auto symbols = std::ranges::count_if(to, &Dim::is_symbol);
  Ints sizes;
  for (size_t i = 0; i < to.size(); ++i) {
    const bool stays = symbols > 1 && i < from.size() && from[i] == to[i];
    sizes.push_back(!to[i].is_symbol() ? to[i].size : stays ? 0 : -1);
  }
  if (std::ranges::count(sizes, -1) > 1)
    refuse(fmt::format("{} becomes {}, with more than one symbol in another place", to_string(from),
                       to_string(to)));
  return integers("shape", sizes);
}

NamedAttributes NodeExport::target_attributes(const Shape& to) const {
  if (std::ranges::find(to, Dim(0)) == to.end()) return {};
  return {{"allowzero", 1}};
}

std::string NodeExport::reshaped(const std::string& name, const Shape& from, const Shape& to) {
  return from == to ? name : emit("Reshape", {name, target(from, to)}, target_attributes(to));
}

void NodeExport::reshape_result(const std::string& name, const Shape& from) {
  const Shape& to = result_type().shape;
  result("Reshape", {name, target(from, to)}, target_attributes(to));
}

int64_t NodeExport::known_size(const Shape& shape, size_t axis) const {
  if (shape[axis].is_symbol())
    refuse(fmt::format("dimension {} of {} is a symbol; expected a number", axis, to_string(shape)));
  return shape[axis].size;
}

void NodeExport::refuse(std::string_view why) const {
  const auto number = &node_ - graph_.nodes().data() + 1;
  fail_input("node \"{}\" ({}, node {}): {}", node_.source, to_string(node_.op), number, why);
}

}  // namespace sinter::onnx
