#include "backends/jit/updated_gradient.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "backends/jit/elementwise.h"
#include "backends/jit/lowering.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

bool is_finite_number(const Graph& body, ValueId id) {
  const ValueInfo& info = body.info(id);
  return info.kind == ValueKind::constant && info.type.shape.empty() && std::isfinite(info.constant.at(0));
}

class Splitter {
 public:
  explicit Splitter(const Graph& body) : body_(body) {}

  std::optional<std::string> run(UpdatedGradient& form) {
    for (NodeId id = 0; id < node_count(); ++id)
      if (op_def(body_.node(id).op).updates) add_update(form, id);
    if (form.updates.empty()) return "it has no update";
    if (auto why = refuses_results(form)) return why;
    for (const UpdatedGradient::Update& update : form.updates)
      if (auto why = refuses_update(update)) return why;
    split(form);
    return refuses_body(form.gradients);
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(body_.nodes().size()); }

  // A product with a number belongs to the update.
  void add_update(UpdatedGradient& form, NodeId id) {
    ValueId gradient = body_.node(id).operands[1];
    const NodeId scale = body_.info(gradient).node;
    if (scale >= 0 && body_.node(scale).op == OpKind::mul) {
      const auto& factors = body_.node(scale).operands;
      const size_t number = is_finite_number(body_, factors[1]) ? 1 : 0;
      if (is_finite_number(body_, factors[number])) {
        gradient = factors[1 - number];
        behind_.insert(scale);
      }
    }
    size_t first = 0;
    while (first < body_.results().size() && body_.results()[first].value != body_.node(id).results[0])
      ++first;
    form.updates.push_back({id, gradient, first});
    behind_.insert(id);
  }

  std::optional<std::string> refuses_results(const UpdatedGradient& form) const {
    size_t next = 0;
    for (const UpdatedGradient::Update& update : form.updates)
      for (const ValueId result : body_.node(update.node).results)
        if (next >= body_.results().size() || body_.results()[next++].value != result)
          return "its results are not those of its updates";
    if (next != body_.results().size()) return "its results are not those of its updates";
    return std::nullopt;
  }

  std::optional<std::string> refuses_update(const UpdatedGradient::Update& update) const {
    const Node& node = body_.node(update.node);
    const NodeId maker = body_.info(update.gradient).node;
    if (maker < 0 || behind_.contains(maker)) return "an update is by something else than a gradient";
    for (NodeId id = 0; id < node_count(); ++id)
      if (!behind_.contains(id) && std::ranges::count(body_.node(id).operands, update.gradient) > 0)
        return "a gradient is read by more than its update";
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const ValueId id = node.operands[i];
      if (i == 1 || !id.valid() || is_finite_number(body_, id)) continue;
      if (body_.info(id).kind != ValueKind::input) return "something is computed beside the gradient";
      if (!body_.type(id).shape.empty() && is_read_by_gradients(id))
        return "an update replaces what the gradient is made of";
    }
    return refuses_elementwise(body_, node);
  }

  bool is_read_by_gradients(ValueId id) const {
    for (NodeId node = 0; node < node_count(); ++node)
      if (!behind_.contains(node) && std::ranges::count(body_.node(node).operands, id) > 0) return true;
    return false;
  }

  void split(UpdatedGradient& form) const {
    std::map<ValueId, ValueId> map;
    for (size_t i = 0; i < body_.inputs().size(); ++i) {
      const ValueId input = body_.inputs()[i];
      if (!is_read_by_gradients(input)) continue;
      map[input] = form.gradients.input(fmt::format("x{}", i), body_.type(input)).id();
      form.inputs.push_back(i);
    }
    for (const ValueId constant : body_.constants())
      if (is_read_by_gradients(constant))
        map[constant] = form.gradients.constant(body_.info(constant).constant).id();
    for (NodeId id = 0; id < node_count(); ++id) {
      if (behind_.contains(id)) continue;
      Node node = body_.node(id);
      std::vector<Type> types;
      for (const ValueId result : node.results) types.push_back(body_.type(result));
      const auto old = node.results;
      for (ValueId& operand : node.operands)
        if (operand.valid()) operand = map.at(operand);
      const auto made = form.gradients.append_typed(std::move(node), types);
      for (size_t i = 0; i < made.size(); ++i) map[old[i]] = made[i].id();
    }
    for (const UpdatedGradient::Update& update : form.updates)
      form.gradients.add_result(form.gradients.value(map.at(update.gradient)));
  }

  const Graph& body_;
  std::set<NodeId> behind_;  ///< updates, and what scales their gradients
};

}  // namespace

std::optional<std::string> refuses_updated_gradient(const Graph& body, UpdatedGradient* form) {
  UpdatedGradient found;
  if (auto why = Splitter(body).run(found)) return why;
  if (form != nullptr) *form = std::move(found);
  return std::nullopt;
}

}  // namespace sinter::jit
