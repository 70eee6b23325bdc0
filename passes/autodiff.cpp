#include "passes/autodiff.h"

#include <algorithm>

#include "ir/build.h"
#include "ir/copy.h"

namespace sinter {
namespace {

// The forward part with ops in the form whose gradient is cheap (OpDef::train_as).
Graph forward_for_training(const Graph& graph) {
  GraphCopy copy(graph);
  for (const Node& node : graph.nodes()) {
    const OpKind kind = op_def(node.op).train_as;
    if (kind == node.op) {
      copy.node(node);
      continue;
    }
    copy.graph().at({.node = node.source});
    const auto results =
        copy.graph().append(kind, copy.operands(node), Attributes(kind, node.attributes.named()));
    for (size_t i = 0; i < node.results.size(); ++i) copy.replace(node.results[i], results[i]);
  }
  return copy.finish();
}

class Autodiff {
 public:
  explicit Autodiff(Graph& graph)
      : graph_(graph), gradients_(graph.values().size()), varies_(graph.values().size()) {}

  void run() {
    const ValueId loss = find_loss();
    mark_varying();
    const auto forward_nodes = static_cast<NodeId>(graph_.nodes().size());
    graph_.at({.node = "loss"});
    gradients_[loss.index] = graph_.scalar(graph_.type(loss).dtype, 1);
    for (NodeId id = forward_nodes; id-- > 0;) differentiate(id);
    const std::vector<ValueId> parameters(graph_.parameters().begin(), graph_.parameters().end());
    for (const ValueId parameter : parameters) add_gradient_result(parameter);
  }

 private:
  ValueId find_loss() const {
    const auto found = graph_.find_result("loss");
    if (!found) fail_input("graph \"{}\" has no result \"loss\" to differentiate", graph_.name);
    const ValueId loss = graph_.results()[*found].value;
    const Type& type = graph_.type(loss);
    if (!type.shape.empty() || !is_floating(type.dtype))
      fail_input("the result \"loss\" is {}; a gradient needs a floating scalar", to_string(type));
    return loss;
  }

  // Marks what depends on a parameter: only there gradients flow.
  void mark_varying() {
    for (const ValueId parameter : graph_.parameters()) varies_[parameter.index] = true;
    for (const Node& node : graph_.nodes()) {
      const bool varies =
          std::ranges::any_of(node.operands, [&](ValueId id) { return id.valid() && varies_[id.index]; });
      for (const ValueId result : node.results)
        varies_[result.index] = varies && is_floating(graph_.type(result).dtype);
    }
  }

  void differentiate(NodeId id) {
    const Node node = graph_.node(id);  // a copy: the graph grows below
    std::vector<OptionalValue> gradients;
    for (const ValueId result : node.results) gradients.push_back(gradients_[result.index]);
    const bool reached = std::ranges::any_of(gradients, [](const OptionalValue& g) { return g.has_value(); });
    const bool wanted =
        std::ranges::any_of(node.results, [&](ValueId result) { return varies_[result.index]; });
    if (!reached || !wanted) return;
    const OpDef& op = op_def(node.op);
    if (op.gradient == nullptr)
      fail_input("op {}{} has no gradient, but lies between a parameter and the loss", op.name,
                 node.source.empty() ? "" : " of \"" + node.source + "\"");
    graph_.at({.node = node.source});
    std::vector<OptionalValue> operands;
    std::vector<Value> results;
    for (const ValueId operand : node.operands)
      operands.push_back(operand.valid() ? OptionalValue(graph_.value(operand)) : std::nullopt);
    for (const ValueId result : node.results) results.push_back(graph_.value(result));
    const auto flows = op.gradient({graph_, node.attributes, operands, results, gradients});
    require(flows.size() == node.operands.size(), "a gradient rule gives one gradient for each operand");
    for (size_t i = 0; i < flows.size(); ++i)
      if (flows[i] && varies_[node.operands[i].index]) accumulate(node.operands[i], *flows[i]);
  }

  void accumulate(ValueId value, Value gradient) {
    require(gradient.type() == graph_.type(value), "a gradient has the type of its value");
    auto& sum = gradients_[value.index];
    sum = sum ? add(*sum, gradient) : gradient;
  }

  void add_gradient_result(ValueId parameter) {
    const Type type = graph_.type(parameter);
    const std::string name = graph_.info(parameter).name;
    graph_.at({.node = name});
    const auto& gradient = gradients_[parameter.index];
    graph_.add_result(gradient ? *gradient : broadcast_to(graph_.scalar(type.dtype, 0), sizes(type.shape)),
                      "gradient." + name);
  }

  Graph& graph_;
  std::vector<OptionalValue> gradients_;  // by forward value
  std::vector<bool> varies_;
};

}  // namespace

bool autodiff(Graph& graph, const PassOptions&) {
  for (const ValueInfo& value : graph.values())
    if (!is_concrete(value.type.shape))
      fail_input("graph \"{}\" has symbols in its shapes ({}); gradients need numbers: bind them first",
                 graph.name, to_string(value.type));
  graph = forward_for_training(graph);
  Autodiff(graph).run();
  graph.at({});
  return true;
}

}  // namespace sinter
