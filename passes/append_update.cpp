#include "passes/append_update.h"

#include "ir/build.h"
#include "ir/copy.h"

namespace sinter {
namespace {

constexpr std::string_view prefix = "gradient.";

struct Step {
  Value lr;      ///< f32[]
  Value finite;  ///< bool[]: whether the loss is
  std::vector<Attributes::Named> attributes;
};

// Updates one parameter; `velocity` is absent without momentum.
void update(Graph& graph, const std::string& name, Value gradient, const Step& step, OptionalValue velocity) {
  const Value parameter = graph.value(graph.find(name).value());
  graph.at({.node = name});
  const Value lr = parameter.dtype() == DType::f32 ? step.lr : cast(step.lr, parameter.dtype());
  const auto results = graph.append(
      OpKind::sgd_update, std::vector<OptionalValue>{parameter, gradient, lr, velocity, step.finite},
      Attributes(OpKind::sgd_update, step.attributes));
  graph.add_result(results[0], name + "'", parameter);
  if (velocity) graph.add_result(results[1], name + ".velocity'", velocity);
}

}  // namespace

bool append_update(Graph& graph, const PassOptions& options) {
  const auto loss = graph.find_result("loss");
  if (!loss) fail_input("graph \"{}\" has no result \"loss\"", graph.name);
  if (options.nesterov && options.momentum == 0) fail_input("nesterov needs a momentum above 0");
  GraphCopy copy(graph);
  Graph& to = copy.graph();
  const Value lr = to.input("lr", {DType::f32, {}, {}});
  std::vector<OptionalValue> velocities;
  for (const ValueId parameter : graph.parameters())
    velocities.push_back(options.momentum == 0
                             ? OptionalValue()
                             : to.state(graph.info(parameter).name + ".velocity", graph.type(parameter)));
  for (const Node& node : graph.nodes()) copy.node(node);
  to.at({.node = "loss"});
  const Step step{lr,
                  is_finite(copy[graph.results()[*loss].value]),
                  {{"momentum", options.momentum},
                   {"weight_decay", options.weight_decay},
                   {"nesterov", options.nesterov}}};
  for (const GraphResult& result : graph.results())
    if (!result.name.starts_with(prefix))
      to.add_result(copy[result.value], result.name,
                    result.stored_in.valid() ? OptionalValue(copy[result.stored_in]) : std::nullopt);
  for (size_t i = 0; i < graph.parameters().size(); ++i) {
    const std::string name = graph.info(graph.parameters()[i]).name;
    const auto gradient = graph.find_result(std::string(prefix) + name);
    if (!gradient)
      fail_input("graph \"{}\" has no result \"{}{}\": autodiff comes first", graph.name, prefix, name);
    update(to, name, copy[graph.results()[*gradient].value], step, velocities[i]);
  }
  graph = copy.take();
  return true;
}

}  // namespace sinter
