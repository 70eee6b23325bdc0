#include "runtime/initialize.h"

#include <algorithm>
#include <cmath>

#include "ir/philox.h"

namespace sinter {
namespace {

struct Use {
  Role role = Role::data;
  ValueId weight = {};  ///< the weight of the op that reads the parameter; invalid: none
};

// The weight of an op to whose result a value is added: invalid where there is none.
ValueId weight_added_to(const Graph& graph, ValueId value) {
  for (const Node& node : graph.nodes()) {
    if (node.op != OpKind::add || std::ranges::count(node.operands, value) != 1) continue;
    const ValueInfo& other = graph.info(node.operands[node.operands[0] == value ? 1 : 0]);
    if (other.kind != ValueKind::result) return {};
    const Node& maker = graph.node(other.node);
    const auto& defs = op_def(maker.op).operands;
    for (size_t i = 0; i < maker.operands.size() && i < defs.size(); ++i)
      if (defs[i].role == Role::weight) return maker.operands[i];
  }
  return {};
}

// Whether one of the two that are added is a product.
bool follows_scale(const Graph& graph, const Node& add) {
  return std::ranges::any_of(add.operands, [&](ValueId id) {
    const ValueInfo& info = graph.info(id);
    return info.kind == ValueKind::result && graph.node(info.node).op == OpKind::mul;
  });
}

// How the first op that reads a parameter uses it, reshaped or not.
Use find_use(const Graph& graph, ValueId parameter) {
  for (const Node& node : graph.nodes()) {
    const auto& defs = op_def(node.op).operands;
    Use use;
    bool reads = false;
    for (size_t i = 0; i < node.operands.size() && i < defs.size(); ++i) {
      if (defs[i].role == Role::weight) use.weight = node.operands[i];
      if (node.operands[i] != parameter) continue;
      use.role = defs[i].role;
      reads = true;
    }
    // The bias of a transposed convolution goes to its channels first.
    if (reads && node.op == OpKind::reshape)
      if (const ValueId weight = weight_added_to(graph, node.results[0]); weight.valid())
        return {Role::bias, weight};
    if (!reads) continue;
    if (use.role != Role::data) return use;
    if (node.op == OpKind::reshape) return find_use(graph, node.results[0]);
    if (node.op == OpKind::mul) use.role = Role::scale;
    if (node.op == OpKind::add && follows_scale(graph, node)) use.role = Role::shift;
    return use;
  }
  return {};
}

struct Fans {
  double in = 1, out = 1;
};

// A weight is [out, in, ...], the rest being the window.
Fans fans_of(const Shape& weight) {
  double window = 1;
  for (size_t i = 2; i < weight.size(); ++i) window *= static_cast<double>(weight[i].size);
  const auto dimension = [&](size_t i) {
    return i < weight.size() ? static_cast<double>(weight[i].size) : 1.0;
  };
  return {dimension(1) * window, dimension(0) * window};
}

// How weights are drawn: uniform within `scale`, or normal with that deviation. Biases are drawn as in the
// first row.
struct Draw {
  std::string_view name;
  bool normal;
  double (*scale)(const Fans&);
};

constexpr Draw draws[] = {
    {"default", false, [](const Fans& fans) { return 1 / std::sqrt(fans.in); }},
    {"xavier_uniform", false, [](const Fans& fans) { return std::sqrt(6 / (fans.in + fans.out)); }},
    {"kaiming_uniform", false, [](const Fans& fans) { return std::sqrt(6 / fans.in); }},
    {"kaiming_normal", true, [](const Fans& fans) { return std::sqrt(2 / fans.in); }},
};

const Draw* find_draw(std::string_view scheme) {
  const auto* const found = std::ranges::find(draws, scheme, &Draw::name);
  if (found == std::end(draws))
    fail_input(
        "unknown initialisation \"{}\"; expected default, xavier_uniform, kaiming_uniform or kaiming_normal",
        scheme);
  return found;
}

// What does not start at random: one for a scale, such as a running variance, a quarter for a slope, else
// zero.
Tensor constant(const Graph& graph, ValueId id) {
  const Type& type = graph.type(id);
  Tensor tensor(type.dtype, sizes(type.shape));
  const Role role = find_use(graph, id).role;
  const double value = role == Role::scale ? 1 : role == Role::slope ? 0.25 : 0;
  for (int64_t i = 0; i < tensor.count(); ++i) tensor.set(i, value);
  return tensor;
}

}  // namespace

NamedTensors initialize(const Graph& graph, std::string_view scheme, uint64_t seed) {
  const Draw* draw = find_draw(scheme);
  NamedTensors weights;
  for (const ValueId id : graph.states()) weights.emplace(graph.info(id).name, constant(graph, id));
  for (const ValueId id : graph.parameters()) {
    const ValueInfo& info = graph.info(id);
    if (!has_reference_arithmetic(info.type.dtype))
      fail_input("parameter \"{}\" is in {}, in which nothing computes yet; expected f32 or f64", info.name,
                 to_string(info.type.dtype));
    const Use use = find_use(graph, id);
    if (use.role == Role::scale || use.role == Role::shift || use.role == Role::slope) {
      weights.emplace(info.name, constant(graph, id));
      continue;
    }
    const Fans fans = fans_of(graph.type(use.weight.valid() ? use.weight : id).shape);
    const Draw& how = use.role == Role::weight ? *draw : draws[0];
    const double scale = how.scale(fans);
    Tensor tensor(info.type.dtype, sizes(info.type.shape));
    Random random(seed, stream_id(info.name));
    for (int64_t i = 0; i < tensor.count(); ++i)
      tensor.set(i, scale * (how.normal ? random.normal() : 2 * random.uniform_double() - 1));
    weights.emplace(info.name, std::move(tensor));
  }
  return weights;
}

}  // namespace sinter
