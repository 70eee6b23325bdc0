#include <gtest/gtest.h>

#include <array>

#include "ir/build.h"
#include "tests/backends/convolution_layers.h"
#include "tests/backends/on_instruction_set.h"

/// Generated convolutions whose rows of x are larger than a core's cache: they walk the channels in parts.
namespace sinter {
namespace {

constexpr double tolerance = 1e-4;

class JitWideConvolution : public OnInstructionSet {
 protected:
  void expect_runs(Graph body) {
    const Graph graph = as_fusion(std::move(body));
    const Bindings bindings = coarse_bindings(graph, random_);
    EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 1U);
  }

  RandomEngine random_{37};
};

// Channels that are no multiple of a part, strides, dilation, no padding, one tap.
TEST_P(JitWideConvolution, Forward) {
  const ConvolutionLayer layers[] = {
      {{2, 67, 4, 31}, {19, 67, 3, 3}, {.padding = {1, 1, 1, 1}}},
      {{1, 61, 5, 40}, {7, 61, 3, 2}, {.stride = {2, 1}, .dilation = {1, 2}}},
      {{2, 131, 2, 33}, {9, 131, 1, 1}},
      {{2, 140, 3, 30}, {10, 70, 2, 3}, {.padding = {1, 1, 0, 1}, .groups = 2}},
  };
  bool with_bias = false;
  for (const ConvolutionLayer& layer : layers) {
    Graph body;
    body.add_result(relu(forward(body, layer, with_bias = !with_bias)));
    expect_runs(std::move(body));
    if (HasFailure()) return;
  }
}

// The convolution of dy that a gradient by data is: padding of all kinds, one tap, and more than the kernel
// reaches, or a stride, which are computed otherwise.
TEST_P(JitWideConvolution, GradientByData) {
  const ConvolutionLayer layers[] = {
      {{2, 3, 18, 40}, {100, 3, 3, 3}, {.padding = {1, 1, 1, 1}}},
      {{17, 2, 20, 40}, {90, 2, 3, 2}, {.padding = {2, 0, 0, 1}}},
      {{2, 5, 16, 33}, {131, 5, 1, 1}},
      {{1, 2, 20, 40}, {90, 2, 2, 2}, {.padding = {2, 1, 0, 1}}},
      {{1, 2, 22, 80}, {90, 2, 3, 3}, {.stride = {1, 2}}},
  };
  for (const ConvolutionLayer& layer : layers) {
    Graph body;
    const Value dx = backward_data(body, layer);
    body.add_result(dx * body.input("y", dx.type()));
    expect_runs(std::move(body));
    if (HasFailure()) return;
  }
}

// Windows in registers, with the place of each maximum, and windows that share rows.
TEST_P(JitWideConvolution, ForwardAndPool) {
  const ConvolutionLayer layer = {{2, 67, 4, 31}, {19, 67, 3, 3}, {.padding = {1, 1, 1, 1}}};
  for (const auto& [kernel, stride] : {std::pair{2, 2}, std::pair{3, 1}}) {
    Graph body;
    const std::array<std::optional<Value>, 1> y = {relu(forward(body, layer, true))};
    const Attributes pool(OpKind::max_pool2d_argmax, {{"kernel_size", Ints{kernel, kernel}},
                                                      {"stride", Ints{stride, stride}},
                                                      {"padding", Ints{0, 0, 0, 0}}});
    for (const Value each : body.append(OpKind::max_pool2d_argmax, y, pool)) body.add_result(each);
    expect_runs(std::move(body));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Jit, JitWideConvolution,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

}  // namespace
}  // namespace sinter
