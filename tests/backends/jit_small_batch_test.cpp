#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "ir/build.h"
#include "ir/text.h"
#include "tests/backends/convolution_layers.h"
#include "tests/backends/on_instruction_set.h"

/// Generated convolutions and their gradients for few samples, lanes over pixels or over channels, in every
/// layout they are offered in and for every instruction set, against the interpreter.
namespace sinter {
namespace {

// Sums of up to 1000 products of up to 4, added up in f32.
constexpr double tolerance = 1e-4;

// Primes, 1x1, one sample and more than a vector has lanes, kernels larger than a tile of registers and than
// a tile of columns, strides beyond the kernel, padding beyond it, blocks of channels that are not full.
const ConvolutionLayer layers[] = {
    {{1, 1, 28, 29}, {6, 1, 5, 5}, {.padding = {2, 2, 2, 2}}},
    {{2, 6, 14, 14}, {16, 6, 5, 5}},
    {{1, 17, 7, 11}, {33, 17, 3, 3}, {.padding = {1, 1, 1, 1}}},
    {{3, 32, 5, 5}, {17, 32, 1, 1}},
    {{17, 3, 7, 5}, {1, 3, 3, 2}, {.stride = {2, 1}, .padding = {1, 0, 1, 1}}},
    {{1, 19, 13, 11}, {32, 19, 3, 3}, {.stride = {2, 2}, .padding = {1, 1, 1, 1}}},
    {{1, 16, 9, 9}, {16, 16, 1, 1}, {.stride = {3, 2}}},
    {{1, 3, 13, 37}, {5, 3, 11, 34}, {.padding = {0, 2, 1, 3}}},
    {{2, 1, 3, 4}, {3, 1, 2, 2}, {.padding = {3, 2, 2, 3}}},
};

class JitSmallBatch : public OnInstructionSet {
 protected:
  void expect_runs(const Graph& graph) {
    std::vector<std::byte> sidecar;
    SCOPED_TRACE(print(graph, &sidecar));
    const Bindings bindings = coarse_bindings(graph, random_);
    EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 1U);
  }

  // NaN and infinity in one element of each operand reach the results that the reference says they do.
  void expect_travels(const Graph& graph) {
    for (size_t operand = 0; operand < graph.inputs().size(); ++operand)
      for (const double special : {std::nan(""), std::numeric_limits<double>::infinity()}) {
        Bindings bindings = random_bindings(graph, random_);
        bindings.inputs[operand].set(bindings.inputs[operand].count() / 2, special);
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

  RandomEngine random_{23};
};

TEST_P(JitSmallBatch, Forward) {
  bool with_bias = false;
  for (const ConvolutionLayer& layer : layers) {
    Graph body;
    const Value y = sigmoid(forward(body, layer, with_bias = !with_bias));
    body.add_result(y);
    expect_runs(as_fusion(std::move(body)));
    if (HasFailure()) return;
  }
}

// With the place of each maximum, and where windows leave a row and a column over.
TEST_P(JitSmallBatch, ForwardAndPool) {
  const ConvolutionLayer pooled[] = {{{1, 17, 9, 13}, {33, 17, 3, 3}, {.padding = {1, 1, 1, 1}}},
                                     {{2, 16, 11, 8}, {16, 16, 2, 1}}};
  for (const ConvolutionLayer& layer : pooled) {
    Graph body;
    body.add_result(avg_pool2d(relu(forward(body, layer, true)), {.kernel_size = {2, 3}}));
    expect_runs(as_fusion(std::move(body)));
    Graph places;
    const std::array<std::optional<Value>, 1> y = {relu(forward(places, layer, true))};
    const Attributes pool(
        OpKind::max_pool2d_argmax,
        {{"kernel_size", Ints{2, 2}}, {"stride", Ints{2, 2}}, {"padding", Ints{0, 0, 0, 0}}});
    for (const Value each : places.append(OpKind::max_pool2d_argmax, y, pool)) places.add_result(each);
    expect_runs(as_fusion(std::move(places)));
  }
}

// Behind it what a sigmoid's gradient does.
TEST_P(JitSmallBatch, BackwardData) {
  bool alone = true;
  for (const ConvolutionLayer& layer : layers) {
    Graph body;
    const Value dx = backward_data(body, layer);
    alone = !alone;
    body.add_result(alone ? dx : dx * (1 - body.input("other", dx.type())));
    expect_runs(as_fusion(std::move(body)));
    if (HasFailure()) return;
  }
}

TEST_P(JitSmallBatch, BackwardWeightsAndBias) {
  bool with_bias = false;
  for (const ConvolutionLayer& layer : layers) {
    Graph body;
    add_backward_weights(body, layer, with_bias = !with_bias);
    expect_runs(as_fusion(std::move(body)));
    if (HasFailure()) return;
  }
}

TEST_P(JitSmallBatch, NaNAndInfinityTravelAsInTheReference) {
  const ConvolutionLayer layer = {{1, 17, 6, 7}, {18, 17, 3, 2}};
  Graph weights, data, y;
  add_backward_weights(weights, layer, false);
  expect_travels(weights);
  // One that the kernel leaves whole: every element of dx meets no padding of dy.
  const ConvolutionLayer pointwise = {{1, 17, 6, 7}, {18, 17, 1, 1}};
  data.add_result(backward_data(data, pointwise));
  expect_travels(data);
  y.add_result(forward(y, layer, true));
  expect_travels(y);
}

// A value that is both operands lies in one way.
TEST_P(JitSmallBatch, WeightGradientOfOneValue) {
  const ConvolutionLayer layer = {{2, 17, 5, 5}, {17, 17, 1, 1}};
  Graph graph;
  const Value x = graph.input("x", f32_type(layer.x));
  graph.add_result(backward_weights(layer, x, x));
  expect_runs(graph);
}

INSTANTIATE_TEST_SUITE_P(Jit, JitSmallBatch,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

}  // namespace
}  // namespace sinter
