#include "passes/shrink_activation_gradients.h"

#include <algorithm>
#include <map>

#include "passes/rewrite.h"

namespace sinter {
namespace {

constexpr int deepest = 8;  // products and choices between an activation's gradient and the pool's

// A max pool and the gradient that looks at its places.
struct Pool {
  Value x, pooled, argmax;
  Attributes attributes;  // the gradient's
};

std::optional<Pool> pool_of(Graph& graph, const Node& unpool) {
  const ValueId argmax = unpool.operands[1];
  const ValueInfo& info = graph.info(argmax);
  if (info.kind != ValueKind::result) return std::nullopt;
  const Node& pool = graph.node(info.node);
  if (pool.op != OpKind::max_pool2d_argmax) return std::nullopt;
  for (const char* name : {"kernel_size", "stride", "padding"})
    if (pool.attributes.ints(name) != unpool.attributes.ints(name)) return std::nullopt;
  return Pool{graph.value(pool.operands[0]), graph.value(pool.results[0]), graph.value(argmax),
              unpool.attributes};
}

const Node* maker_of(const Graph& graph, ValueId value) {
  if (!value.valid() || graph.info(value).kind != ValueKind::result) return nullptr;
  return &graph.node(graph.info(value).node);
}

// The max pool of the first gradient of one that products and choices lead down to.
std::optional<Pool> find_pool(Graph& graph, ValueId value, int depth = deepest) {
  const Node* node = maker_of(graph, value);
  if (node == nullptr || depth == 0) return std::nullopt;
  if (node->op == OpKind::max_pool2d_backward) return pool_of(graph, *node);
  if (node->op != OpKind::mul && node->op != OpKind::select) return std::nullopt;
  for (const ValueId operand : node->operands)
    if (auto found = find_pool(graph, operand, depth - 1)) return found;
  return std::nullopt;
}

// Computes at the size of a pool's result what was computed behind the pool's gradient.
class Shrinking {
 public:
  Shrinking(Graph& graph, Pool pool) : graph_(graph), pool_(std::move(pool)) {}

  bool is_possible(Value root) {
    return root.type() == pool_.x.type() && role_of(root.id()) == Role::gradient;
  }

  Value shrunk(ValueId value) {
    if (value == pool_.x.id()) return pool_.pooled;
    const Node* node = maker_of(graph_, value);
    if (node == nullptr) return graph_.value(value);
    if (node->op == OpKind::max_pool2d_backward) return graph_.value(node->operands[0]);
    if (const auto known = shrunk_.find(value); known != shrunk_.end()) return known->second;
    const Node old = *node;  // a copy: nodes are appended below
    std::vector<OptionalValue> operands;
    for (const ValueId operand : old.operands) operands.emplace_back(shrunk(operand));
    return shrunk_.emplace(value, graph_.append(old.op, operands, old.attributes)[0]).first->second;
  }

 private:
  enum class Role : uint8_t { other, factor, zero, gradient };

  Role role_of(ValueId value) {
    if (const auto known = roles_.find(value); known != roles_.end()) return known->second;
    return roles_[value] = new_role_of(value);
  }

  Role new_role_of(ValueId value) {
    if (!value.valid()) return Role::other;
    if (value == pool_.x.id()) return Role::factor;
    const ValueInfo& info = graph_.info(value);
    if (info.kind == ValueKind::constant && info.constant.count() == 1)
      return info.constant.at(0) == 0 ? Role::zero : Role::factor;
    const Node* node = maker_of(graph_, value);
    if (node == nullptr) return Role::other;
    if (node->op == OpKind::max_pool2d_backward) {
      const bool same = node->operands[1] == pool_.argmax.id() && node->attributes == pool_.attributes;
      return same ? Role::gradient : Role::other;
    }
    const OpDef& op = op_def(node->op);
    return op.elementwise == Elementwise::no || op.updates ? Role::other : role_of_elementwise(*node);
  }

  // A gradient is what is zero where the pool's is, whatever the factors hold.
  Role role_of_elementwise(const Node& node) {
    std::vector<Role> roles;
    for (const ValueId operand : node.operands) roles.push_back(role_of(operand));
    const auto gradients = std::ranges::count(roles, Role::gradient);
    if (std::ranges::count(roles, Role::other) > 0) return Role::other;
    if (gradients == 0) return Role::factor;
    if (node.op == OpKind::mul) return gradients == 1 ? Role::gradient : Role::other;
    if (node.op != OpKind::select) return Role::other;
    const bool proportional =
        roles[0] != Role::gradient && roles[1] != Role::factor && roles[2] != Role::factor;
    return proportional ? Role::gradient : Role::other;
  }

  Graph& graph_;
  Pool pool_;
  std::map<ValueId, Role> roles_;
  std::map<ValueId, Value> shrunk_;
};

OptionalValue behind_max_pool(const Match& match) {
  Graph& graph = match.graph();
  const auto pool = find_pool(graph, match.root().id());
  if (!pool) return std::nullopt;
  Shrinking shrinking(graph, *pool);
  if (!shrinking.is_possible(match.root())) return std::nullopt;
  const Value dy = shrinking.shrunk(match.root().id());
  return graph.append(OpKind::max_pool2d_backward, {{dy, pool->argmax}}, pool->attributes)[0];
}

}  // namespace

bool shrink_activation_gradients(Graph& graph, const PassOptions&) {
  const Rule rules[] = {{pattern(OpKind::mul, {any(), any()}), behind_max_pool},
                        {pattern(OpKind::select, {any(), any(), any()}), behind_max_pool}};
  return rewrite(graph, rules);
}

}  // namespace sinter
