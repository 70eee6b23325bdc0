#include <gtest/gtest.h>

#include "ir/build.h"
#include "ir/interpreter.h"
#include "passes/run_passes.h"

/// Twenty steps of each optimizer against PyTorch 1.13, in f64.
namespace sinter {
namespace {

struct Recorded {
  const char* name;  ///< as PyTorch was called
  double lr;
  PassOptions options;
  std::vector<double> weights;  ///< after the last step
  double loss;                  ///< before the last step
};

// Made so, for each optimizer:
//   torch.set_default_dtype(torch.float64)
//   c, t = torch.tensor([1, .5, 2, .25]), torch.tensor([3, -2, .5, 1.])
//   w = torch.nn.Parameter(torch.tensor([1, 1, -1, 0.])); o = torch.optim.SGD([w], ...)
//   for _ in range(20): o.zero_grad(); l = (c * (w - t)**2).sum(); l.backward(); o.step()
//   print(w, l)
const Recorded recorded[] = {
    {"SGD(lr=0.03125, momentum=0.9, weight_decay=0.125, nesterov=True)",
     0.03125,
     {.momentum = 0.9, .weight_decay = 0.125, .nesterov = true},
     {2.683718452208443, -2.4087117533333466, 0.4383144506087288, 0.9657887449827814},
     0.2082345569503728},
    {"Adam(lr=0.125, weight_decay=0.125)",
     0.125,
     {.optimizer = "adam", .weight_decay = 0.125},
     {3.0228275488214664, -1.265407848513, 0.8158047101184819, 0.8866218714356853},
     0.5126600433253051},
    {"AdamW(lr=0.125, weight_decay=0.125)",
     0.125,
     {.optimizer = "adamw", .weight_decay = 0.125},
     {2.64076190060953, -1.2315331774957679, 0.765631884866645, 1.1448499188377914},
     0.6567777944172386},
    {"RMSprop(lr=0.03125)",
     0.03125,
     {.optimizer = "rmsprop"},
     {2.6796315426721877, -0.9578920711347116, 0.40904026448537084, 0.9952403628170019},
     0.7316435492785612},
    {"RMSprop(lr=0.03125, momentum=0.5, centered=True, weight_decay=0.125)",
     0.03125,
     {.optimizer = "rmsprop", .momentum = 0.5, .weight_decay = 0.125, .adaptive = {.centered = true}},
     {2.8254107750038826, -1.6918588026578032, 0.48339673017200274, 0.7993113049950141},
     0.09360416945308493},
};

Graph weighted_distance() {
  Graph graph;
  const Value w = graph.parameter("w", {DType::f64, {4}, {}});
  const Value c = graph.constant(Tensor::of<double>({4}, {1, 0.5, 2, 0.25}));
  const Value t = graph.constant(Tensor::of<double>({4}, {3, -2, 0.5, 1}));
  graph.add_result(sum(c * ((w - t) * (w - t))), "loss");
  return graph;
}

// Runs a step and puts what it stores in place of what was there; the first result.
double run_step(const Graph& graph, Bindings& bindings) {
  const auto results = interpret(graph, bindings);
  for (size_t i = 0; i < results.size(); ++i) {
    const ValueId into = graph.results()[i].stored_in;
    for (size_t k = 0; k < graph.parameters().size(); ++k)
      if (graph.parameters()[k] == into) bindings.parameters[k] = results[i];
    for (size_t k = 0; k < graph.states().size(); ++k)
      if (graph.states()[k] == into) bindings.states[k] = results[i];
  }
  return results[0].at(0);
}

class OptimizerSteps : public testing::TestWithParam<size_t> {};

TEST_P(OptimizerSteps, AreThoseOfPyTorch) {
  const Recorded& expected = recorded[GetParam()];
  SCOPED_TRACE(expected.name);
  Graph graph = weighted_distance();
  run_passes(graph, {"autodiff", "append_update"}, expected.options);
  Bindings bindings{{Tensor::scalar(DType::f32, expected.lr)}, {Tensor::of<double>({4}, {1, 1, -1, 0})}, {}};
  for (const ValueId state : graph.states())
    bindings.states.emplace_back(graph.type(state).dtype, sizes(graph.type(state).shape));
  double loss = 0;
  for (int step = 0; step < 20; ++step) loss = run_step(graph, bindings);
  EXPECT_NEAR(loss, expected.loss, 1e-13);
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(bindings.parameters[0].at(i), expected.weights[i], 1e-13);
}

INSTANTIATE_TEST_SUITE_P(EachOptimizer, OptimizerSteps, testing::Range<size_t>(0, std::size(recorded)));

}  // namespace
}  // namespace sinter
