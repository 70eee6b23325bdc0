#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends/onednn/machine.h"
#include "backends/onednn/onednn.h"
#include "ir/build.h"
#include "ir/text.h"
#include "passes/fuse_epilogues.h"
#include "tests/backends/run_graph.h"

/// Wide 3x3 convolutions, which oneDNN computes by Winograd's algorithm where there is AVX-512.
namespace sinter {
namespace {

// Results are of a size of 1; the algorithm's transforms lose some two digits.
constexpr double tolerance = 5e-5;

struct Convolution {
  int64_t n, in, out, h, w;
  Ints padding;
};

// Sizes that are no multiples of the tiles of 4, images smaller than a tile, a last slice that is smaller,
// one sample; padding that differs on each side or is wider than one, where it is not for Winograd.
const Convolution convolutions[] = {
    {3, 64, 64, 13, 11, {1, 1, 1, 1}}, {17, 64, 80, 10, 9, {0, 0, 0, 0}}, {1, 96, 64, 9, 14, {1, 1, 1, 1}},
    {2, 64, 64, 4, 3, {1, 1, 1, 1}},   {2, 64, 64, 3, 5, {0, 0, 0, 0}},   {2, 96, 64, 9, 14, {1, 0, 0, 1}},
    {2, 64, 64, 6, 7, {2, 2, 2, 2}},
};

Type f32_type(std::vector<int64_t> shape) { return {DType::f32, Shape(shape.begin(), shape.end()), {}}; }

Graph node_of(OpKind kind, const Convolution& c) {
  Graph graph;
  const int64_t p = c.h + c.padding[0] + c.padding[2] - 2, q = c.w + c.padding[1] + c.padding[3] - 2;
  const Type x = f32_type({c.n, c.in, c.h, c.w}), w = f32_type({c.out, c.in, 3, 3}),
             y = f32_type({c.n, c.out, p, q});
  const Attributes::Named padding = {"padding", c.padding};
  if (kind == OpKind::conv2d) {
    const Value image = graph.input("x", x), weight = graph.input("w", w);
    graph.add_result(conv2d(image, weight, graph.input("b", f32_type({c.out})), {.padding = c.padding}));
  } else if (kind == OpKind::conv2d_backward_data) {
    const Value dy = graph.input("dy", y), weight = graph.input("w", w);
    graph.add_result(apply(kind, {dy, weight}, {{"input_size", Ints{c.h, c.w}}, padding}));
  } else {
    const Value image = graph.input("x", x), dy = graph.input("dy", y);
    graph.add_result(apply(kind, {image, dy}, {{"kernel_size", Ints{3, 3}}, padding}));
  }
  return graph;
}

// The second operand is made small, so that results have a size of 1.
Bindings scaled_bindings(const Graph& graph, RandomEngine& random) {
  Bindings bindings = random_bindings(graph, random);
  Tensor& second = bindings.inputs[1];
  const double scale = 1 / std::sqrt(600.0);
  for (int64_t i = 0; i < second.count(); ++i) second.set(i, scale * second.at(i));
  return bindings;
}

constexpr OpKind kinds[] = {OpKind::conv2d, OpKind::conv2d_backward_data, OpKind::conv2d_backward_weights};

double flops_of(const Convolution& c) {
  return 2.0 * 9 * static_cast<double>(c.n * c.in * c.out) *
         static_cast<double>((c.h + c.padding[0] + c.padding[2] - 2) *
                             (c.w + c.padding[1] + c.padding[3] - 2));
}

class OneDnnWinograd : public testing::Test {
 protected:
  static double fastest(const Backend& backend, const Graph& graph) {
    const auto ways = backend.implementations(graph, 0);
    return std::ranges::min_element(ways, {}, &Implementation::seconds)->seconds;
  }

  std::unique_ptr<Backend> backend_ = make_onednn_backend();
  RandomEngine random_{17};
};

TEST_F(OneDnnWinograd, AgreesWithTheReferenceInAllLayoutsAndKeepsItsBits) {
  for (const Convolution& c : convolutions)
    for (const OpKind kind : kinds) {
      const Graph graph = node_of(kind, c);
      SCOPED_TRACE(print(graph));
      const Bindings bindings = scaled_bindings(graph, random_);
      EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 0U);
      const auto ways = backend_->implementations(graph, 0);
      const Graph best = laid_out(graph, *std::ranges::min_element(ways, {}, &Implementation::seconds));
      const auto whole = run_graph(*backend_, best, bindings, nullptr);
      for (int repeat = 0; repeat < 3; ++repeat)
        EXPECT_EQ(run_graph(*backend_, best, bindings, &random_), whole);
      if (HasFailure()) return;
    }
}

// Direct convolution cannot take less than all multiplications take at the machine's peak.
TEST_F(OneDnnWinograd, IsExpectedToTakeLessThanDirectConvolutionCould) {
  if (onednn::vector_width() != 16) GTEST_SKIP() << "it is for AVX-512";
  const Convolution wide = {16, 64, 64, 56, 56, {1, 1, 1, 1}};
  for (const OpKind kind : kinds)
    EXPECT_LT(fastest(*backend_, node_of(kind, wide)), flops_of(wide) / onednn::flops_per_second());
  Convolution narrow = wide;
  narrow.in = 48;
  for (const OpKind kind : kinds)
    EXPECT_GT(fastest(*backend_, node_of(kind, narrow)), flops_of(narrow) / onednn::flops_per_second());
}

TEST_F(OneDnnWinograd, TakesReluWithIt) {
  const Convolution& c = convolutions[0];
  Graph graph;
  const Value x = graph.input("x", f32_type({c.n, c.in, c.h, c.w})),
              w = graph.input("w", f32_type({c.out, c.in, 3, 3}));
  graph.add_result(relu(conv2d(x, w, {}, {.padding = c.padding})));
  fuse_epilogues(graph, {.target = backend_.get()});
  ASSERT_EQ(graph.nodes().size(), 1U);
  EXPECT_GT(expect_parity(*backend_, graph, scaled_bindings(graph, random_), offers(), tolerance, random_),
            0U);
}

// It spreads over a tile; none is lost.
TEST_F(OneDnnWinograd, KeepsEveryNanAndInfinityFromBeingANumber) {
  for (const OpKind kind : kinds) {
    const Graph graph = node_of(kind, convolutions[0]);
    Bindings bindings = scaled_bindings(graph, random_);
    bindings.inputs[0].set(1234, std::nan(""));
    bindings.inputs[0].set(20000, HUGE_VAL);
    const auto ways = backend_->implementations(graph, 0);
    const Graph best = laid_out(graph, *std::ranges::min_element(ways, {}, &Implementation::seconds));
    const Tensor expected = interpret(graph, bindings)[0],
                 found = run_graph(*backend_, best, bindings, nullptr)[0];
    int64_t lost = 0;
    for (int64_t i = 0; i < expected.count(); ++i)
      lost += !std::isfinite(expected.at(i)) && std::isfinite(found.at(i)) ? 1 : 0;
    EXPECT_EQ(lost, 0) << to_string(kind);
  }
}

}  // namespace
}  // namespace sinter
