#include <gtest/gtest.h>

#include <functional>

#include "backends/onednn/onednn.h"
#include "ir/build.h"
#include "ir/text.h"
#include "passes/fuse_epilogues.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "tests/backends/activations.h"
#include "tests/backends/run_graph.h"

/// oneDNN's fusions, made by the passes that make them in earnest, against the interpreter.
namespace sinter {
namespace {

// Sums of up to 400 products of up to 4, added up in f32.
constexpr double tolerance = 1e-4;

// Those whose gradients read what they gave.
const OpKind activations[] = {OpKind::relu, OpKind::sigmoid, OpKind::tanh, OpKind::leaky_relu};

struct Convolution {
  std::vector<int64_t> x;  ///< N C H W
  int64_t channels, kernel;
  Conv2dOptions options;
};

const Convolution convolutions[] = {
    {{1, 1, 7, 9}, 5, 3, {}},
    {{17, 1, 9, 7}, 17, 3, {.padding = {1, 1, 1, 1}}},
    {{17, 5, 11, 6}, 1, 1, {}},
    {{1, 17, 8, 9}, 33, 3, {.stride = {2, 2}, .padding = {0, 1, 1, 0}}},
    {{17, 5, 7, 7}, 17, 5, {.stride = {2, 1}, .padding = {2, 0, 3, 1}}},
    {{3, 16, 5, 5}, 16, 5, {.padding = {4, 4, 4, 4}}},  // some windows hold one element
    {{2, 1, 6, 5}, 1, 3, {}},
    {{2, 32, 6, 6}, 32, 3, {.padding = {1, 1, 1, 1}}},
};

struct Layer {
  Value x, weight, bias, y;
};

Type f32_type(std::vector<int64_t> shape) { return {DType::f32, Shape(shape.begin(), shape.end()), {}}; }

Layer convolution_layer(Graph& graph, const Convolution& c, bool with_bias) {
  const Value x = graph.input("x", f32_type(c.x));
  const Value weight = graph.parameter("weight", f32_type({c.channels, c.x[1], c.kernel, c.kernel}));
  const Value bias = graph.parameter("bias", f32_type({c.channels}));
  return {x, weight, bias, conv2d(x, weight, with_bias ? OptionalValue(bias) : std::nullopt, c.options)};
}

std::string text_of(const Graph& graph) {
  std::vector<std::byte> sidecar;
  return print(graph, &sidecar);
}

std::vector<NodeId> fusions_of(const Graph& graph) {
  std::vector<NodeId> found;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
    if (graph.node(id).op == OpKind::fusion) found.push_back(id);
  return found;
}

class FusionParity : public testing::Test {
 protected:
  // All of the graph becomes one fusion, which then runs in all its layouts.
  void expect_fused(Graph graph) {
    fuse_epilogues(graph, {.target = backend_.get()});
    SCOPED_TRACE(text_of(graph));
    ASSERT_EQ(graph.nodes().size(), 1u);
    ASSERT_EQ(graph.node(0).op, OpKind::fusion);
    expect_runs(graph, 0);
  }

  void expect_runs(const Graph& graph, NodeId id) {
    const Graph fusion = alone(graph, id);
    EXPECT_GT(
        expect_parity(*backend_, fusion, random_bindings(fusion, random_), offers(), tolerance, random_), 0u);
  }

  void expect_gradient_fused(const Convolution& c, const std::function<Value(Value)>& activation);

  std::unique_ptr<Backend> backend_ = make_onednn_backend();
  RandomEngine random_{7};
};

TEST_F(FusionParity, ConvolutionAndActivation) {
  bool with_bias = false;
  for (const Convolution& c : convolutions)
    for (const Activation& activation : activations_behind_products()) {
      SCOPED_TRACE(activation.name);
      Graph graph;
      graph.add_result(activation.apply(convolution_layer(graph, c, with_bias = !with_bias).y));
      expect_fused(graph);
      if (HasFailure()) return;
    }
}

TEST_F(FusionParity, DepthwiseConvolutionAndActivation) {
  for (const int64_t channels : {17, 32})
    for (const Activation& activation : activations_behind_products()) {
      SCOPED_TRACE(activation.name);
      Graph graph;
      const Value x = graph.input("x", f32_type({3, channels, 7, 9})),
                  weight = graph.parameter("weight", f32_type({channels, 1, 3, 3})),
                  bias = graph.parameter("bias", f32_type({channels}));
      graph.add_result(
          activation.apply(conv2d(x, weight, bias, {.padding = {1, 1, 1, 1}, .groups = channels})));
      expect_fused(graph);
      if (HasFailure()) return;
    }
}

TEST_F(FusionParity, ConvolutionAddedToEitherSideAndRelu) {
  for (const Convolution& c : convolutions)
    for (const bool left : {false, true})
      for (const bool activated : {false, true}) {
        Graph graph;
        const Value y = convolution_layer(graph, c, true).y;
        const Value other = graph.input("other", y.type());
        const Value total = left ? add(other, y) : add(y, other);
        graph.add_result(activated ? relu(total) : total);
        // Of one channel to one SSE4.1 has a convolution by GEMM only, which may add wrongly: apart then.
        Graph fused = graph;
        fuse_epilogues(fused, {.target = backend_.get()});
        if (c.x[1] == 1 && c.channels == 1 && fused.nodes().size() > 1)
          for (NodeId id = 0; id < static_cast<NodeId>(fused.nodes().size()); ++id) expect_runs(fused, id);
        else
          expect_fused(graph);
        if (HasFailure()) return;
      }
}

TEST_F(FusionParity, LinearAndActivation) {
  const std::vector<std::array<int64_t, 3>> sizes = {{1, 1, 1},    {1, 17, 5},    {17, 5, 17}, {17, 400, 120},
                                                     {3, 64, 500}, {2, 300, 257}, {65, 33, 10}};
  bool with_bias = false;
  for (const auto& [rows, depth, columns] : sizes)
    for (const Activation& activation : activations_behind_products()) {
      SCOPED_TRACE(activation.name);
      Graph graph;
      const Value x = graph.input("x", f32_type({rows, depth}));
      const Value weight = graph.parameter("weight", f32_type({columns, depth}));
      const Value bias = graph.parameter("bias", f32_type({columns}));
      with_bias = !with_bias;
      graph.add_result(activation.apply(linear(x, weight, with_bias ? OptionalValue(bias) : std::nullopt)));
      expect_fused(graph);
      if (HasFailure()) return;
    }
}

// From autodiff to fuse_epilogues, as training runs them.
Graph trained(Graph graph, const Backend& backend) {
  std::vector<std::string> passes;
  for (const Step& step : training_pipeline())
    if (step.pass != "append_loss" && step.pass != "append_update" && step.pass != "assign_layouts")
      passes.emplace_back(step.pass);
  run_passes(graph, passes, {.target = &backend}, {.verify = Verify::structure});
  return graph;
}

// Fusions other than those of the forward pass: their body starts with no convolution or product.
std::vector<NodeId> gradients_of(const Graph& graph) {
  std::vector<NodeId> found;
  for (const NodeId id : fusions_of(graph)) {
    const OpKind first = graph.node(id).attributes.body().node(0).op;
    if (first != OpKind::conv2d && first != OpKind::linear) found.push_back(id);
  }
  return found;
}

// `activation` between a convolution and a pool: its gradient, as training writes it, is one fusion.
void FusionParity::expect_gradient_fused(const Convolution& c,
                                         const std::function<Value(Value)>& activation) {
  Graph graph;
  const Layer layer = convolution_layer(graph, c, false);
  // dy is no elementwise op's, which would join the chain.
  const Value y = avg_pool2d(activation(layer.y), {.kernel_size = {2, 2}, .stride = {1, 1}});
  const Value scale = graph.input("scale", y.type());
  graph.add_result(sum(y * scale), "loss");
  const Graph step = trained(graph, *backend_);
  SCOPED_TRACE(text_of(step));
  const auto gradients = gradients_of(step);
  ASSERT_EQ(gradients.size(), 1u);
  expect_runs(step, gradients[0]);
}

TEST_F(FusionParity, GradientsOfActivationsAsTrainingWritesThem) {
  for (const OpKind activation : activations)
    for (const Convolution& c : convolutions) {
      expect_gradient_fused(c, [&](Value x) { return apply(activation, {x}); });
      if (HasFailure()) return;
    }
}

TEST_F(FusionParity, GradientsByWhatAnActivationIsOf) {
  const std::function<Value(Value)> by_operand[] = {
      [](Value x) { return gelu(x); },
      [](Value x) { return silu(x); },
      [](Value x) { return softplus(x); },
      [](Value x) { return softplus(x, {.threshold = 16}); },
  };
  for (const auto& activation : by_operand)
    for (const Convolution& c : convolutions) {
      expect_gradient_fused(c, activation);
      if (HasFailure()) return;
    }
}

// Elements at and beside the kink; zeros may have either sign.
TEST_F(FusionParity, GradientOfReluIsZeroWhereItsResultIs) {
  const Graph graph = parse(R"(graph main(%dy: f32[2, 3, 2, 2], %y: f32[2, 3, 2, 2]) -> (f32[2, 3, 2, 2]) {
  %1 = fusion(%y, %dy) (%a: f32[2, 3, 2, 2], %b: f32[2, 3, 2, 2]) {
    const %2: f32[] = 0
    %3 = compare(%a, %2) {predicate = le} : bool[2, 3, 2, 2]
    %4 = select(%3, %2, %b) : f32[2, 3, 2, 2]
    return %4
  } : f32[2, 3, 2, 2]
  return %1
})");
  Bindings bindings = random_bindings(graph, random_);
  for (int64_t i = 0; i < 24; ++i) bindings.inputs[1].set(i, static_cast<double>(i % 3) / 2);
  EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), 1e-30, random_), 0u);
}

TEST_F(FusionParity, GradientsOfWeightsAndBiasInEitherOrder) {
  for (const Convolution& c : convolutions)
    for (const bool weights_first : {false, true}) {
      Graph graph;
      Graph shapes;
      const Type dy_type = convolution_layer(shapes, c, true).y.type();
      const Value x = graph.input("x", f32_type(c.x)), dy = graph.input("dy", dy_type);
      const Type weight_type = f32_type({c.channels, c.x[1], c.kernel, c.kernel});
      const auto weights = [&] {
        return apply(OpKind::conv2d_backward_weights, {x, dy},
                     {{"kernel_size", Ints{c.kernel, c.kernel}},
                      {"stride", c.options.stride},
                      {"padding", c.options.padding}});
      };
      if (weights_first) graph.add_result(weights(), "dw");
      graph.add_result(sum(dy, {.axes = {0, 2, 3}}), "db");
      if (!weights_first) graph.add_result(weights(), "dw");
      expect_fused(graph);
      if (HasFailure()) return;
    }
}

TEST_F(FusionParity, TrainingFusesTheGradientsOfWeightsAndBias) {
  for (const Convolution& c : convolutions) {
    Graph graph;
    const Layer layer = convolution_layer(graph, c, true);
    const Value scale = graph.input("scale", layer.y.type());
    graph.add_result(sum(layer.y * scale), "loss");
    const Graph step = trained(graph, *backend_);
    SCOPED_TRACE(text_of(step));
    EXPECT_EQ(gradients_of(step).size(), 1u);
  }
}

TEST_F(FusionParity, RefusalsSayWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"(%x: f64[4]) -> (f64[4]) {\n  %1 = relu(%x) : f64[4]\n  return %1\n}",
       "there is no arithmetic for f64[4]"},
      {"(%x: f32[N]) -> (f32[N]) {\n  %1 = relu(%x) : f32[N]\n  return %1\n}",
       "there is no arithmetic for f32[N]"},
      {"(%x: f32[4]) -> (f32[4]) {\n  %1 = exp(%x) : f32[4]\n  %2 = relu(%1) : f32[4]\n  return %2\n}",
       "there is no primitive for it"},
      // a second activation, an add after the activation, an add of itself, a product that is read outside
      {"(%x: f32[2, 3], %w: f32[4, 3]) -> (f32[2, 4]) {\n  %1 = linear(%x, %w) : f32[2, 4]\n"
       "  %2 = relu(%1) : f32[2, 4]\n  %3 = tanh(%2) : f32[2, 4]\n  return %3\n}",
       "there is no primitive for it"},
      {"(%x: f32[1, 3, 4, 4], %w: f32[2, 3, 3, 3], %a: f32[1, 2, 2, 2]) -> (f32[1, 2, 2, 2]) {\n"
       "  %1 = conv2d(%x, %w) : f32[1, 2, 2, 2]\n  %2 = relu(%1) : f32[1, 2, 2, 2]\n"
       "  %3 = add(%2, %a) : f32[1, 2, 2, 2]\n  return %3\n}",
       "there is no primitive for it"},
      {"(%x: f32[1, 3, 4, 4], %w: f32[2, 3, 3, 3]) -> (f32[1, 2, 2, 2]) {\n"
       "  %1 = conv2d(%x, %w) : f32[1, 2, 2, 2]\n  %2 = add(%1, %1) : f32[1, 2, 2, 2]\n  return %2\n}",
       "there is no primitive for it"},
      {"(%x: f32[1, 3, 4, 4], %w: f32[2, 3, 3, 3]) -> (f32[1, 2, 2, 2], f32[1, 2, 2, 2]) {\n"
       "  %1 = conv2d(%x, %w) : f32[1, 2, 2, 2]\n  %2 = relu(%1) : f32[1, 2, 2, 2]\n  return %1, %2\n}",
       "there is no primitive for it"},
      {"(%x: f32[2, 3], %w: f32[4, 3], %a: f32[2, 4]) -> (f32[2, 4]) {\n"
       "  %1 = linear(%x, %w) : f32[2, 4]\n  %2 = add(%1, %a) : f32[2, 4]\n  return %2\n}",
       "there is no primitive for it"},
  };
  for (const auto& [text, reason] : cases)
    EXPECT_EQ(backend_->refuses_fusion(parse(fmt::format("graph main{}", text))), reason) << text;
}

}  // namespace
}  // namespace sinter
