#include <gtest/gtest.h>

#include <array>

#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "ir/text.h"
#include "tests/backends/convolution_layers.h"
#include "tests/backends/on_instruction_set.h"

/// Generated convolutions in groups and with taps apart, and their gradients, in every layout they are
/// offered in and for every instruction set, against the interpreter.
namespace sinter {
namespace {

// Sums of up to 1000 products of up to 1/4, added up in f32.
constexpr double tolerance = 1e-4;
const Ints around = {1, 1, 1, 1};

// Depthwise, with several results of each channel, few and many samples; groups of blocks and of parts of
// blocks; images of one pixel; taps further apart than the stride, with and without common factors, so that
// some results of a gradient meet no tap at all; kernels of more taps than a tile, and than have code of
// their own.
const ConvolutionLayer layers[] = {
    {{1, 5, 9, 11}, {5, 1, 3, 3}, {.padding = around, .groups = 5}},
    {{17, 3, 8, 9}, {3, 1, 3, 3}, {.stride = {2, 2}, .padding = around, .groups = 3}},
    {{2, 4, 7, 19}, {8, 1, 5, 3}, {.stride = {1, 3}, .padding = {2, 1, 2, 1}, .groups = 4}},
    {{17, 6, 7, 6}, {4, 3, 3, 3}, {.padding = around, .groups = 2}},
    {{1, 6, 7, 6}, {4, 3, 3, 3}, {.stride = {2, 1}, .padding = around, .groups = 2}},
    {{2, 34, 6, 5}, {66, 17, 1, 1}, {.groups = 2}},
    {{3, 32, 7, 7}, {32, 16, 3, 3}, {.padding = around, .groups = 2}},
    {{1, 6, 1, 1}, {6, 1, 3, 3}, {.padding = around, .groups = 6}},
    {{17, 4, 1, 1}, {6, 2, 1, 1}, {.groups = 2}},
    {{17, 5, 9, 8}, {6, 5, 3, 3}, {.padding = {2, 2, 2, 2}, .dilation = {2, 2}}},
    {{1, 17, 9, 21}, {18, 17, 3, 3}, {.padding = {2, 3, 2, 3}, .dilation = {2, 3}}},
    {{2, 3, 11, 13}, {4, 3, 3, 4}, {.stride = {2, 4}, .padding = {3, 5, 2, 6}, .dilation = {4, 6}}},
    {{1, 3, 13, 13}, {5, 3, 2, 3}, {.stride = {3, 2}, .padding = {1, 1, 0, 2}, .dilation = {2, 5}}},
    {{2, 4, 12, 11},
     {4, 1, 3, 3},
     {.stride = {2, 2}, .padding = {2, 2, 2, 2}, .dilation = {2, 3}, .groups = 4}},
    {{1, 4, 12, 11}, {6, 2, 11, 7}, {.padding = {2, 2, 2, 2}, .groups = 2}},
    {{2, 2, 17, 18}, {2, 1, 6, 11}, {.stride = {2, 3}, .padding = {3, 4, 5, 6}, .groups = 2}},
};

class JitGroupedConvolution : public OnInstructionSet {
 protected:
  void expect_runs(const Graph& graph) {
    std::vector<std::byte> sidecar;
    SCOPED_TRACE(print(graph, &sidecar));
    const Bindings bindings = coarse_bindings(graph, random_);
    EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 0U);
  }

  RandomEngine random_{29};
};

// As MobileNet has it, and with what a residual connection adds.
TEST_P(JitGroupedConvolution, ForwardBiasAndActivation) {
  bool with_bias = false;
  for (const ConvolutionLayer& layer : layers) {
    Graph body;
    const Value made = forward(body, layer, with_bias = !with_bias);
    const Value y = with_bias ? made : made + body.input("other", made.type());
    body.add_result(clip(y, {.min = 0, .max = 6}));
    expect_runs(as_fusion(std::move(body)));
    if (HasFailure()) return;
  }
}

TEST_P(JitGroupedConvolution, ForwardAndPool) {
  const ConvolutionLayer pooled[] = {
      {{17, 4, 9, 13}, {6, 2, 3, 3}, {.padding = around, .groups = 2}},
      {{2, 3, 12, 9}, {3, 3, 3, 3}, {.padding = {2, 2, 2, 2}, .dilation = {2, 2}}},
  };
  for (const ConvolutionLayer& layer : pooled)
    for (const Ints& stride : {Ints{2, 2}, Ints{1, 2}}) {  // apart, and sharing rows
      Graph body;
      const Value y = relu(forward(body, layer, true));
      body.add_result(max_pool2d(y, {.kernel_size = {2, 2}, .stride = stride}));
      expect_runs(as_fusion(std::move(body)));
      if (HasFailure()) return;
    }
}

TEST_P(JitGroupedConvolution, BackwardData) {
  bool alone = false;
  for (const ConvolutionLayer& layer : layers) {
    Graph body;
    const Value dx = backward_data(body, layer);
    alone = !alone;
    body.add_result(alone ? dx : dx * (1 - body.input("other", dx.type())));
    expect_runs(as_fusion(std::move(body)));
    if (HasFailure()) return;
  }
}

TEST_P(JitGroupedConvolution, BackwardWeightsAndBias) {
  bool with_bias = false;
  for (const ConvolutionLayer& layer : layers) {
    Graph body;
    add_backward_weights(body, layer, with_bias = !with_bias);
    expect_runs(as_fusion(std::move(body)));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Jit, JitGroupedConvolution,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

// Whoever runs which units, in which order.
TEST(JitGroupedConvolutions, HaveTheSameBitsForAnyThreads) {
  const auto backend = make_jit_backend();
  RandomEngine random(31);
  const ConvolutionLayer layer = {{3, 12, 10, 9}, {24, 3, 3, 3}, {.padding = around, .groups = 4}};
  Graph y, dx, dw;
  y.add_result(forward(y, layer, true));
  dx.add_result(backward_data(dx, layer));
  add_backward_weights(dw, layer, false);
  for (const Graph* graph : {&y, &dx, &dw}) {
    const Bindings bindings = random_bindings(*graph, random);
    const auto expected = run_graph(*backend, *graph, bindings, nullptr);
    for (int repeat = 0; repeat < 10; ++repeat)
      EXPECT_EQ(run_graph(*backend, *graph, bindings, &random), expected) << print(*graph);
  }
}

// Kernels behind a max pool's gradient go from each place that has one over dense taps.
TEST(JitGroupedConvolutions, AreNotFusedBehindTheGradientOfAMaxPool) {
  const auto reason = [](std::string_view attributes, std::string_view dw) {
    const Graph graph = parse(fmt::format(
        "graph main(%d: f32[2, 2, 2, 2], %a: i32[2, 2, 2, 2], %x: f32[2, 4, 6, 6]) -> ({1}) {{ "
        "%1 = fusion(%d, %a, %x) (%d: f32[2, 2, 2, 2], %a: i32[2, 2, 2, 2], %x: f32[2, 4, 6, 6]) {{ "
        "%2 = max_pool2d_backward(%d, %a) {{input_size = [4, 4], kernel_size = [2, 2]}} : f32[2, 2, 4, 4] "
        "%3 = conv2d_backward_weights(%x, %2) {{{0}}} : {1} return %3 }} : {1} return %1 }}",
        attributes, dw));
    return make_jit_backend()->refuses_fusion(graph.node(0).attributes.body()).value_or("it is one");
  };
  EXPECT_EQ(reason("kernel_size = [3, 3]", "f32[2, 4, 3, 3]"), "it is one");
  EXPECT_EQ(reason("kernel_size = [3, 3], groups = 2", "f32[2, 2, 3, 3]"),
            "the conv2d_backward_weights has groups");
  EXPECT_EQ(reason("kernel_size = [2, 2], dilation = [2, 2]", "f32[2, 4, 2, 2]"),
            "the conv2d_backward_weights has dilation");
}

}  // namespace
}  // namespace sinter
