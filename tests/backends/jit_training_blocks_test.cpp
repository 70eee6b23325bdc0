#include <gtest/gtest.h>

#include "backends/backend_list.h"
#include "backends/jit/jit.h"
#include "backends/reference/reference.h"
#include "ir/build.h"
#include "ir/text.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "tests/backends/random_network.h"
#include "tests/backends/run_graph.h"

/// Training steps of a block of convolution, activation and pool behind another, as the pipeline fuses them
/// for the jit backend, against the plain graph in the interpreter.
namespace sinter {
namespace {

using Layer = Value (*)(Value x);

struct Named {
  const char* name;
  Layer layer;
};

constexpr Named activations[] = {
    {"none", [](Value x) { return x; }},
    {"relu", [](Value x) { return relu(x); }},
    {"sigmoid", [](Value x) { return sigmoid(x); }},
    {"tanh", [](Value x) { return tanh(x); }},
    {"leaky_relu", [](Value x) { return leaky_relu(x, {.alpha = 0.2}); }},
};

constexpr Named pools[] = {
    {"max 2",
     [](Value x) {
       return max_pool2d(x, {.kernel_size = {2, 2}});
     }},
    {"max 3 by 2",
     [](Value x) {
       return max_pool2d(x, {.kernel_size = {3, 3}, .stride = {2, 2}});
     }},
    {"max 3 by 2, padded",
     [](Value x) {
       return max_pool2d(x, {.kernel_size = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}});
     }},
    {"average 2",
     [](Value x) {
       return avg_pool2d(x, {.kernel_size = {2, 2}});
     }},
    {"average 3 by 2",
     [](Value x) {
       return avg_pool2d(x, {.kernel_size = {3, 3}, .stride = {2, 2}});
     }},
};

Graph model_of(int64_t batch, Layer activation, Layer pool) {
  Graph graph;
  const auto parameter = [&](const char* name, const Shape& shape) {
    return graph.parameter(name, {DType::f32, shape});
  };
  Value x = graph.input("x", {DType::f32, {batch, 3, 17, 13}});
  x = relu(
      conv2d(x, parameter("0.weight", {6, 3, 3, 3}), parameter("0.bias", {6}), {.padding = {1, 1, 1, 1}}));
  x = conv2d(x, parameter("1.weight", {17, 6, 5, 5}), parameter("1.bias", {17}), {.padding = {2, 2, 2, 2}});
  x = flatten(pool(activation(x)));
  graph.add_result(linear(x, parameter("w", {7, x.shape()[1]}), parameter("b", {7})));
  return graph;
}

Graph training_step(const Graph& model, const Backend& target, bool is_fused) {
  std::vector<std::string> passes;
  for (const Step& step : training_pipeline()) {
    if (!is_fused && step.pass == "shrink_activation_gradients") break;
    if (step.pass != "form_slab_loops") passes.emplace_back(step.pass);
  }
  Graph graph = model;
  run_passes(graph, passes, {.loss_reduction = "mean", .target = &target});
  return graph;
}

// Convolution to pool in one kernel, and nothing as large as what lies between read by any other.
bool is_one_kernel(const Graph& step) {
  for (const Node& node : step.nodes()) {
    if (node.op != OpKind::fusion) continue;
    const Graph& body = node.attributes.body();
    const OpKind last = body.nodes().back().op;
    if (body.nodes().front().op == OpKind::conv2d &&
        (last == OpKind::max_pool2d_argmax || last == OpKind::avg_pool2d))
      return true;
  }
  return false;
}

TEST(JitTrainingBlocks, ComputeWhatThePlainGraphDoes) {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(make_jit_backend());
  backends.push_back(make_reference_backend());
  const auto target = make_backend_list(std::move(backends));
  for (const Named& activation : activations)
    for (const Named& pool : pools) {
      SCOPED_TRACE(fmt::format("{}, {}", activation.name, pool.name));
      RandomEngine random(5);
      const Graph model = model_of(5, activation.layer, pool.layer);
      const Graph step = training_step(model, *target, true);
      EXPECT_TRUE(is_one_kernel(step)) << print(step);
      const Bindings bindings = step_bindings(step, random);
      const auto actual = run_graph(*target, step, bindings, &random);
      const auto expected = interpret(training_step(model, *target, false), bindings);
      for (size_t i = 0; i < expected.size(); ++i) expect_near(actual[i], expected[i], 1e-4);
      if (HasFailure()) return;
    }
}

// Of sigmoid and its kin too only the pooled value and its place are kept.
TEST(JitTrainingBlocks, KeepNothingOfTheSizeBeforeAMaxPool) {
  const auto target = make_jit_backend();
  for (const Named& activation : activations) {
    SCOPED_TRACE(activation.name);
    const Graph step = training_step(model_of(32, activation.layer, pools[0].layer), *target, true);
    const Shape between = {32, 17, 17, 13};
    for (const ValueInfo& value : step.values()) EXPECT_NE(value.type.shape, between) << print(step);
  }
}

}  // namespace
}  // namespace sinter
