#include "backends/onednn/fusion.h"

#include <algorithm>

#include "ir/build.h"
#include "passes/remove_dead_nodes.h"
#include "passes/simplify_algebra.h"

namespace sinter::onednn {
namespace {

// Ports for a body's values: its inputs are the fusion's operands, its results the fusion's results.
class BodyView {
 public:
  BodyView(const Graph& body, std::span<const Port> ports) : body_(body), ports_(ports) {}

  std::optional<Port> port(ValueId id) const {
    const auto inputs = body_.inputs();
    const auto input = std::ranges::find(inputs, id);
    if (input != inputs.end()) return ports_[input - inputs.begin()];
    const auto results = body_.results();
    const auto result = std::ranges::find(results, id, &GraphResult::value);
    if (result != results.end()) return ports_[inputs.size() + (result - results.begin())];
    return std::nullopt;
  }

  /// A node of the body whose first result is `result`; none where an operand is no port of the fusion.
  std::optional<OpView> view(const Node& node, const Port& result) const {
    OpView view{node.op, node.attributes, {}, {result}};
    for (const ValueId id : node.operands) {
      view.operands.push_back(id.valid() ? port(id) : std::nullopt);
      if (id.valid() && !view.operands.back()) return std::nullopt;
    }
    return view;
  }

 private:
  const Graph& body_;
  std::span<const Port> ports_;
};

// conv2d or linear, then add, then an activation, either of which may be missing.
Recipes epilogue_recipes(const Graph& body, const BodyView& ports, std::span<const Layout> offered) {
  const Node& root = body.node(0);
  if ((root.op != OpKind::conv2d && root.op != OpKind::linear) || body.results().size() != 1) return {};
  Epilogue epilogue;
  ValueId at = root.results[0];
  for (const Node& node : body.nodes().subspan(1)) {
    const bool reads_last = std::ranges::count(node.operands, at) == 1;
    if (!reads_last || !epilogue.functions.empty()) return {};
    if (node.op == OpKind::add && !epilogue.added) {
      epilogue.added = ports.port(node.operands[node.operands[0] == at ? 1 : 0]);
      if (!epilogue.added || epilogue.added->type.shape != body.type(at).shape) return {};
    } else {
      epilogue.functions = functions_behind_product(node.op, node.attributes);
      if (epilogue.functions.empty()) return {};
    }
    at = node.results[0];
  }
  const auto result = ports.port(at);
  const auto op = result ? ports.view(root, *result) : std::nullopt;
  if (!op) return {};
  return root.op == OpKind::conv2d ? convolution_recipes(*op, epilogue, offered)
                                   : linear_recipes(*op, epilogue, offered);
}

// The computation alone: inputs by number, constants in the order they are read, no sources.
Graph bare(const Graph& graph) {
  Graph result;
  std::vector<ValueId> map(graph.values().size());
  for (const ValueId id : graph.inputs())
    map[id.index] = result.input(fmt::format("x{}", result.inputs().size()), graph.type(id)).id();
  for (Node node : graph.nodes()) {
    node.source.clear();
    for (ValueId& id : node.operands) {
      if (id.valid() && graph.info(id).kind == ValueKind::constant)
        map[id.index] = result.constant(graph.info(id).constant).id();
      if (id.valid()) id = map[id.index];
    }
    std::vector<Type> types;
    for (const ValueId id : node.results) types.push_back(graph.type(id));
    const auto old_results = node.results;
    const auto results = result.append_typed(std::move(node), types);
    for (size_t i = 0; i < results.size(); ++i) map[old_results[i].index] = results[i].id();
  }
  for (const GraphResult& value : graph.results()) result.add_result(result.value(map[value.value.index]));
  return result;
}

// Whether the body computes what the op table says is the gradient of this activation, where input `dy_input`
// is dy and the other one y, or x for those that read x alone.
bool is_gradient_of(const Graph& body, OpKind kind, const Attributes& attributes, size_t dy_input) {
  Graph expected;
  std::vector<Value> inputs;
  for (const ValueId id : body.inputs()) inputs.push_back(expected.input(body.info(id).name, body.type(id)));
  const Value dy = inputs[dy_input], by = inputs[1 - dy_input];
  const std::vector<std::optional<Value>> operands = {by}, gradients = {dy};
  const std::vector<Value> results = {by};
  const auto flows = op_def(kind).gradient({expected, attributes, operands, results, gradients});
  expected.add_result(*flows[0]);
  simplify_algebra(expected, {});
  remove_dead_nodes(expected, {});
  return bare(expected) == bare(body);
}

// The number that a value of the body stands beside in its first op of this kind.
std::optional<double> number_in(const Graph& body, OpKind op) {
  for (const Node& node : body.nodes())
    for (const ValueId id : node.operands)
      if (node.op == op && body.info(id).kind == ValueKind::constant && body.type(id).shape.empty())
        return body.info(id).constant.at(0);
  return std::nullopt;
}

// Those that the body may be the gradient of. By its result, as oneDNN computes it, that of leaky_relu needs
// a slope of 0 or more.
std::vector<std::pair<OpKind, Attributes>> activations_of(const Graph& body) {
  std::vector<std::pair<OpKind, Attributes>> activations;
  for (const OpKind kind : {OpKind::relu, OpKind::sigmoid, OpKind::tanh, OpKind::silu, OpKind::gelu})
    activations.emplace_back(kind, Attributes(kind));
  if (const auto slope = number_in(body, OpKind::mul); slope && *slope >= 0)
    activations.emplace_back(OpKind::leaky_relu, Attributes(OpKind::leaky_relu, {{"alpha", *slope}}));
  if (const auto threshold = number_in(body, OpKind::compare))
    activations.emplace_back(OpKind::softplus, Attributes(OpKind::softplus, {{"threshold", *threshold}}));
  return activations;
}

Recipes gradient_recipes(const Graph& body, const BodyView& ports, std::span<const Layout> offered) {
  if (body.inputs().size() != 2 || body.results().size() != 1) return {};
  if (body.type(body.inputs()[0]) != body.type(body.inputs()[1])) return {};
  for (const auto& [kind, attributes] : activations_of(body))
    for (const size_t dy_input : {size_t{0}, size_t{1}}) {
      if (!is_gradient_of(body, kind, attributes, dy_input)) continue;
      const Port dy = *ports.port(body.inputs()[dy_input]), by = *ports.port(body.inputs()[1 - dy_input]);
      const auto dx = ports.port(body.results()[0].value);
      if (!dx) return {};
      return activation_backward_recipes({kind, attributes, {}, {}}, dy, by, *dx, offered);
    }
  return {};
}

// conv2d_backward_weights and the sum of the same dy over all but its channels.
Recipes bias_gradient_recipes(const Graph& body, const BodyView& ports, std::span<const Layout> offered) {
  if (body.nodes().size() != 2 || body.results().size() != 2) return {};
  const bool in_order = body.node(1).op == OpKind::sum;
  const Node &weights = body.node(in_order ? 0 : 1), &sum = body.node(in_order ? 1 : 0);
  const bool fits = weights.op == OpKind::conv2d_backward_weights && sum.op == OpKind::sum &&
                    sum.operands[0] == weights.operands[1] && sum.attributes.ints("axes") == Ints{0, 2, 3} &&
                    !sum.attributes.boolean("keepdims");
  const auto dw = ports.port(weights.results[0]), db = ports.port(sum.results[0]);
  const auto op = fits && dw && db ? ports.view(weights, *dw) : std::nullopt;
  if (!op) return {};
  return convolution_backward_weights_recipes(*op, db, offered);
}

}  // namespace

Recipes fusion_recipes(const Graph& body, std::span<const Port> ports, std::span<const Layout> offered) {
  if (body.nodes().empty()) return {};
  const BodyView view(body, ports);
  for (const auto recipes : {epilogue_recipes, gradient_recipes, bias_gradient_recipes})
    if (auto found = recipes(body, view, offered); !found.empty()) return found;
  return {};
}

}  // namespace sinter::onednn
