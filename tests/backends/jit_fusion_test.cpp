#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "backends/jit/jit.h"
#include "ir/build.h"
#include "ir/text.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "tests/backends/activations.h"
#include "tests/backends/random_network.h"
#include "tests/backends/run_graph.h"
#include "tests/random/choice.h"

/// Kernels of generated code for fusions, those of a convolution with its pool before all, in every layout
/// they are offered in, against the interpreter.
namespace sinter {
namespace {

// Sums of up to 600 products of up to 4, added up in f32.
constexpr double tolerance = 1e-4;

struct Convolution {
  std::vector<int64_t> x;  ///< N C H W
  int64_t channels, kernel;
  Conv2dOptions options;
};

const Convolution convolutions[] = {
    {{1, 1, 11, 13}, 6, 5, {.padding = {2, 2, 2, 2}}},
    {{17, 3, 9, 7}, 17, 3, {.padding = {1, 0, 1, 0}}},
    {{16, 6, 10, 10}, 1, 1, {}},
    {{5, 17, 13, 11}, 7, 3, {.stride = {2, 1}}},
    {{33, 1, 12, 17}, 3, 4, {.padding = {1, 2, 2, 1}}},
};

struct Window {
  bool maximum;
  PoolOptions options;
};

// Beside one another, overlapping, with gaps, over the border, larger than a tile of registers, beyond the
// padding, and with gaps between their elements.
const Window windows[] = {
    {true, {.kernel_size = {2, 2}}},
    {false, {.kernel_size = {2, 2}}},
    {true, {.kernel_size = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}}},
    {false, {.kernel_size = {3, 2}, .stride = {1, 1}}},
    {true, {.kernel_size = {2, 2}, .stride = {3, 3}}},
    {false, {.kernel_size = {5, 5}}},
    {true, {.kernel_size = {3, 3}, .stride = {2, 2}, .ceil_mode = true}},
    {false, {.kernel_size = {3, 2}, .stride = {2, 3}, .padding = {1, 1, 1, 1}, .ceil_mode = true}},
    {true, {.kernel_size = {2, 2}, .dilation = {2, 3}}},
    {true, {.kernel_size = {3, 2}, .stride = {2, 1}, .padding = {1, 1, 1, 1}, .dilation = {2, 1}}},
};

Value average(Value y, const PoolOptions& options) {
  return avg_pool2d(y, {.kernel_size = options.kernel_size,
                        .stride = options.stride,
                        .padding = options.padding,
                        .count_include_pad = !options.ceil_mode,
                        .ceil_mode = options.ceil_mode});
}

Type f32_type(std::vector<int64_t> shape) { return {DType::f32, Shape(shape.begin(), shape.end()), {}}; }

Value convolution(Graph& body, const Convolution& c, bool with_bias) {
  const Value x = body.input("x", f32_type(c.x));
  const Value weight = body.input("weight", f32_type({c.channels, c.x[1], c.kernel, c.kernel}));
  const OptionalValue bias =
      with_bias ? OptionalValue(body.input("bias", f32_type({c.channels}))) : std::nullopt;
  return conv2d(x, weight, bias, c.options);
}

// Eighths up to a half: sums of their products are exact, so that equal ones stay equal in any order of
// summation, others stay apart, and the place of a maximum is the same for all.
void make_coarse(Tensor& tensor) {
  for (int64_t i = 0; i < tensor.count(); ++i) tensor.set(i, std::round(2 * tensor.at(i)) / 8);
}

class JitFusion : public testing::Test {
 protected:
  void expect_runs(const Graph& graph) {
    std::vector<std::byte> sidecar;
    SCOPED_TRACE(print(graph, &sidecar));
    Bindings bindings = random_bindings(graph, random_);
    for (Tensor& input : bindings.inputs) make_coarse(input);
    EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 0U);
  }

  std::unique_ptr<Backend> backend_ = make_jit_backend();
  RandomEngine random_{11};
};

TEST_F(JitFusion, ConvolutionActivationAndPool) {
  const auto& activations = activations_behind_products();
  size_t number = 0;
  for (const Convolution& c : convolutions)
    for (const Window& window : windows) {
      const size_t choice = number++ % (activations.size() + 1);
      Graph body;
      Value y = convolution(body, c, number % 3 != 0);
      if (choice < activations.size()) y = activations[choice].apply(y);
      body.add_result(window.maximum ? max_pool2d(y, window.options) : average(y, window.options));
      expect_runs(as_fusion(std::move(body)));
      if (HasFailure()) return;
    }
}

// Of numbers that no vector and no slab divides, and of those that they do.
Convolution random_convolution(RandomEngine& random) {
  const auto length = [&] { return one_of(random, {7, 11, 13, 19}); };
  const auto channels = [&] { return one_of(random, {1, 3, 6, 16, 17}); };
  Convolution c = {{one_of(random, {1, 2, 16, 17}), channels(), length(), length()},
                   channels(),
                   between(random, 1, 5),
                   {}};
  c.options.stride = {between(random, 1, 2), between(random, 1, 2)};
  c.options.padding.clear();
  for (int side = 0; side < 4; ++side) c.options.padding.push_back(between(random, 0, c.kernel - 1));
  return c;
}

// Over an image of this size.
Window random_window(RandomEngine& random, int64_t height, int64_t width) {
  const auto most = [&](int64_t size) { return std::min<int64_t>(size, 4); };
  Window window = {chance(random, 0.5), {}};
  PoolOptions& options = window.options;
  options.kernel_size = {between(random, 1, most(height)), between(random, 1, most(width))};
  if (chance(random, 0.7)) options.stride = {between(random, 1, 3), between(random, 1, 3)};
  options.padding.clear();
  for (int side = 0; side < 4; ++side)
    options.padding.push_back(between(random, 0, options.kernel_size[side % 2] / 2));
  options.ceil_mode = chance(random, 0.2);
  return window;
}

TEST_F(JitFusion, ConvolutionActivationAndPoolOfRandomShapes) {
  const auto& activations = activations_behind_products();
  for (size_t number = 0; number < 32; ++number) {
    const size_t choice = number % (activations.size() + 1);
    Graph body;
    Value y = convolution(body, random_convolution(random_), number % 3 != 0);
    if (choice < activations.size()) y = activations[choice].apply(y);
    const Window window = random_window(random_, y.type().shape[2].size, y.type().shape[3].size);
    body.add_result(window.maximum ? max_pool2d(y, window.options) : average(y, window.options));
    expect_runs(as_fusion(std::move(body)));
    if (HasFailure()) return;
  }
}

// Alone, and of the sum with what a residual block goes around.
TEST_F(JitFusion, ConvolutionAndEveryActivation) {
  size_t number = 0;
  for (const Activation& activation : activations_behind_products())
    for (const bool added : {false, true}) {
      const Convolution& c = convolutions[number++ % std::size(convolutions)];
      SCOPED_TRACE(activation.name);
      Graph body;
      const Value y = convolution(body, c, true);
      body.add_result(activation.apply(added ? add(y, body.input("r", y.type())) : y));
      expect_runs(as_fusion(std::move(body)));
      if (HasFailure()) return;
    }
}

TEST_F(JitFusion, LinearAndEveryActivation) {
  const std::vector<std::array<int64_t, 3>> sizes = {{1, 17, 5}, {17, 30, 33}, {40, 7, 16}};
  size_t number = 0;
  for (const Activation& activation : activations_behind_products()) {
    const auto& [rows, depth, columns] = sizes[number++ % sizes.size()];
    SCOPED_TRACE(activation.name);
    Graph body;
    body.add_result(activation.apply(linear(body.input("x", f32_type({rows, depth})),
                                            body.input("w", f32_type({columns, depth})),
                                            body.input("b", f32_type({columns})))));
    expect_runs(as_fusion(std::move(body)));
    if (HasFailure()) return;
  }
}

// As training needs them: the activation's result for its gradient, the place of each maximum for the pool's.
TEST_F(JitFusion, WhatTheGradientsReadIsKept) {
  for (const Convolution& c : convolutions)
    for (const Window& window : windows) {
      Graph body;
      const Value y = sigmoid(convolution(body, c, true));
      body.add_result(y);
      if (window.maximum) {
        const std::array<std::optional<Value>, 1> operands = {y};
        const Attributes pool(OpKind::max_pool2d_argmax, {{"kernel_size", window.options.kernel_size},
                                                          {"stride", window.options.stride},
                                                          {"padding", window.options.padding},
                                                          {"dilation", window.options.dilation},
                                                          {"ceil_mode", window.options.ceil_mode}});
        for (const Value each : body.append(OpKind::max_pool2d_argmax, operands, pool)) body.add_result(each);
      } else {
        body.add_result(average(y, window.options));
      }
      expect_runs(as_fusion(std::move(body)));
      if (HasFailure()) return;
    }
}

// From x to all results that it reaches, whatever is fused, and to no other.
TEST_F(JitFusion, NaNAndInfinityTravelAsInTheReference) {
  const auto& activations = activations_behind_products();
  size_t number = 0;
  for (const Convolution& c : convolutions)
    for (const Window& window : windows)
      for (const double special : {std::nan(""), std::numeric_limits<double>::infinity()}) {
        Graph body;
        const Activation& activation = activations[number++ % activations.size()];
        SCOPED_TRACE(activation.name);
        const Value y = activation.apply(convolution(body, c, true));
        body.add_result(window.maximum ? max_pool2d(y, window.options) : average(y, window.options));
        const Graph graph = as_fusion(std::move(body));
        Bindings bindings = random_bindings(graph, random_);
        for (Tensor& input : bindings.inputs) make_coarse(input);
        bindings.inputs[0].set(bindings.inputs[0].count() / 2, special);
        const Tensor expected = interpret(graph, bindings)[0];
        for (const Implementation& way : backend_->implementations(graph, 0)) {
          const Tensor actual = run_graph(*backend_, laid_out(graph, way), bindings, nullptr)[0];
          for (int64_t i = 0; i < expected.count(); ++i) {
            ASSERT_EQ(std::isnan(actual.at(i)), std::isnan(expected.at(i))) << print(graph) << i;
            ASSERT_EQ(std::isinf(actual.at(i)), std::isinf(expected.at(i))) << print(graph) << i;
          }
        }
      }
}

TEST_F(JitFusion, EveryFusionOfATrainingStep) {
  int fusions = 0;
  for (const int64_t batch : {1, 17, 32})
    for (int seed = 0; seed < 3; ++seed) {
      RandomEngine random(seed);
      Graph step = random_network(batch, random);
      std::vector<std::string> passes;
      for (const Step& each : training_pipeline())
        if (each.pass != "form_slab_loops" && each.pass != "assign_layouts") passes.emplace_back(each.pass);
      run_passes(step, passes, {.loss_reduction = "mean", .momentum = 0.9, .target = backend_.get()});
      for (NodeId id = 0; id < static_cast<NodeId>(step.nodes().size()); ++id) {
        if (step.node(id).op != OpKind::fusion) continue;
        const Graph one = alone(step, id);
        const auto is_f32 = [&](ValueId value) { return one.type(value).dtype == DType::f32; };
        if (!std::ranges::all_of(one.inputs(), is_f32)) continue;  // argmax bytes: not any number will do
        expect_runs(one);
        ++fusions;
        if (HasFailure()) return;
      }
    }
  EXPECT_GE(fusions, 20);
}

}  // namespace
}  // namespace sinter
