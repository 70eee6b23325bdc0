#include <gtest/gtest.h>

#include <algorithm>

#include "backends/onednn/onednn.h"
#include "ir/build.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"

/// Convolutions of one sample: output channels are shared out instead of samples.
namespace sinter {
namespace {

// Sums of up to 2500 products of up to 4, added up in f32.
constexpr double tolerance = 2e-4;

struct Convolution {
  int64_t in, out, size, kernel;
};

// Whole blocks, blocks that are not full, a last slice of one channel, one input channel.
const Convolution convolutions[] = {{64, 64, 28, 3}, {17, 48, 40, 3}, {1, 49, 50, 5}, {32, 100, 30, 1}};

Type f32_type(std::vector<int64_t> shape) { return {DType::f32, Shape(shape.begin(), shape.end()), {}}; }

Graph forward(const Convolution& c) {
  Graph graph;
  const Value x = graph.input("x", f32_type({1, c.in, c.size, c.size}));
  const Value weight = graph.parameter("w", f32_type({c.out, c.in, c.kernel, c.kernel}));
  graph.add_result(conv2d(x, weight, graph.parameter("b", f32_type({c.out}))));
  return alone(graph, 0);
}

Graph backward_weights(const Convolution& c) {
  Graph graph;
  const int64_t size = c.size - c.kernel + 1;
  const Value x = graph.input("x", f32_type({1, c.in, c.size, c.size}));
  const Value dy = graph.input("dy", f32_type({1, c.out, size, size}));
  graph.add_result(
      apply(OpKind::conv2d_backward_weights, {x, dy}, {{"kernel_size", Ints{c.kernel, c.kernel}}}));
  return graph;
}

// In the layouts of the fastest implementation.
Graph fastest(const Backend& backend, const Graph& graph) {
  const auto ways = backend.implementations(graph, 0);
  return laid_out(graph, *std::ranges::min_element(ways, {}, &Implementation::seconds));
}

int64_t units_of(const Backend& backend, const Graph& graph) {
  return backend.compile(graph, 0).kernels.at(0)->units();
}

TEST(SingleSample, ConvolutionsAreSharedOutByChannels) {
  const auto backend = make_onednn_backend();
  RandomEngine random(3);
  for (const Convolution& c : convolutions)
    for (const Graph& graph : {forward(c), backward_weights(c)}) {
      std::vector<std::byte> sidecar;
      SCOPED_TRACE(print(graph, &sidecar));
      const Graph node = fastest(*backend, graph);
      // Of one input channel AVX2 has a gradient by GEMM only, where slices would not pay.
      if (c.in > 1) {
        EXPECT_GT(units_of(*backend, node), 1);
      }
      const Bindings bindings = random_bindings(graph, random);
      EXPECT_EQ(run_graph(*backend, node, bindings, &random), run_graph(*backend, node, bindings, nullptr));
      EXPECT_GT(expect_parity(*backend, graph, bindings, offers(), tolerance, random), 0u);
    }
}

TEST(SingleSample, OneBlockOfChannelsIsNotCut) {
  const auto backend = make_onednn_backend();
  EXPECT_EQ(units_of(*backend, fastest(*backend, forward({64, 16, 28, 3}))), 1);
}

}  // namespace
}  // namespace sinter
