#include "passes/append_loss.h"

#include "ir/build.h"
#include "ir/copy.h"

namespace sinter {

bool append_loss(Graph& graph, const PassOptions& options) {
  if (graph.results().size() != 1)
    fail_input("graph \"{}\" has {} results; a loss needs one", graph.name, graph.results().size());
  const Type result_type = graph.type(graph.results()[0].value);
  const bool classify = options.loss == "cross_entropy";
  if (!classify && options.loss != "mse")
    fail_input("unknown loss \"{}\"; expected cross_entropy or mse", options.loss);
  if (!classify && options.label_smoothing != 0)
    fail_input("label smoothing is for cross_entropy; the loss is mse");
  if (classify && result_type.shape.size() != 2)
    fail_input("graph \"{}\" results in {}; cross entropy needs logits [N, C]", graph.name,
               to_string(result_type));

  GraphCopy copy(graph);
  const Value expected = copy.graph().input(
      classify ? "labels" : "target", classify ? Type{DType::i64, {result_type.shape[0]}, {}} : result_type);
  for (const Node& node : graph.nodes()) copy.node(node);
  Graph& to = copy.graph();
  to.at({.node = "loss"});
  const Value output = copy[graph.results()[0].value];
  const LossOptions how{options.loss_reduction, options.label_smoothing};
  to.add_result(classify ? softmax_cross_entropy(output, expected, how) : mse_loss(output, expected, how),
                "loss");
  if (result_type.shape.size() == 2) {
    const Value wanted = classify ? expected : argmax(expected, {.axis = 1});
    to.add_result(sum(cast(compare(argmax(output, {.axis = 1}), wanted, "eq"), DType::i64)), "correct");
  }
  if (options.scores) to.add_result(output, "scores");
  graph = copy.take();
  return true;
}

}  // namespace sinter
