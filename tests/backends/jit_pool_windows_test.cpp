#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "backends/jit/jit.h"
#include "ir/build.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"

/// Pools whose windows have gaps between their taps or reach beyond the padding, in planes wide enough for
/// vectors of windows.
namespace sinter {
namespace {

struct Windows {
  std::vector<int64_t> x;  ///< N C H W
  PoolOptions options;
};

const Windows dilated[] = {
    {{2, 3, 9, 41}, {.kernel_size = {2, 3}, .stride = {1, 1}, .dilation = {3, 2}}},
    {{17, 2, 7, 37}, {.kernel_size = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}, .dilation = {2, 2}}},
    {{3, 1, 8, 23}, {.kernel_size = {2, 2}, .padding = {1, 0, 0, 1}, .dilation = {1, 4}, .ceil_mode = true}},
};
const Windows ending_beyond[] = {
    {{2, 3, 7, 39}, {.kernel_size = {2, 2}, .ceil_mode = true}},
    {{18, 2, 6, 36}, {.kernel_size = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}, .ceil_mode = true}},
    {{1, 20, 5, 8}, {.kernel_size = {4, 5}, .stride = {3, 2}, .padding = {2, 3, 0, 1}, .ceil_mode = true}},
};

Type f32_type(std::vector<int64_t> shape) { return {DType::f32, Shape(shape.begin(), shape.end()), {}}; }

std::vector<Attributes::Named> attributes_of(const PoolOptions& options, bool maximum) {
  std::vector<Attributes::Named> named = {{"kernel_size", options.kernel_size},
                                          {"stride", options.stride},
                                          {"padding", options.padding},
                                          {"ceil_mode", options.ceil_mode}};
  if (maximum) named.emplace_back("dilation", options.dilation);
  return named;
}

class PoolWindows : public testing::Test {
 protected:
  void expect_runs(const Graph& graph, const Bindings& bindings) {
    EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), 1e-6, random_), 0U) << print(graph);
  }
  void expect_runs(const Graph& graph) { expect_runs(graph, random_bindings(graph, random_)); }

  std::unique_ptr<Backend> backend_ = make_jit_backend();
  RandomEngine random_{1};
};

// The larger value, the place of it, and the gradient by such places.
TEST_F(PoolWindows, OfMaximaBothWays) {
  for (const auto& list : {std::span(dilated), std::span(ending_beyond)})
    for (const Windows& windows : list) {
      Graph graph;
      graph.add_result(max_pool2d(graph.input("x", f32_type(windows.x)), windows.options));
      expect_runs(graph);
      Graph with_places;
      const std::array<std::optional<Value>, 1> x = {with_places.input("x", f32_type(windows.x))};
      const Attributes pool(OpKind::max_pool2d_argmax, attributes_of(windows.options, true));
      for (const Value each : with_places.append(OpKind::max_pool2d_argmax, x, pool))
        with_places.add_result(each);
      const Bindings bindings = random_bindings(with_places, random_);
      expect_runs(with_places, bindings);

      const std::vector<Tensor> forward = interpret(with_places, bindings);
      Graph gradient;
      auto named = attributes_of(windows.options, true);
      named.emplace_back("input_size", Ints{windows.x[2], windows.x[3]});
      gradient.add_result(apply(
          OpKind::max_pool2d_backward,
          {gradient.input("dy", forward[0].type()), gradient.input("argmax", forward[1].type())}, named));
      Bindings of_gradient;
      of_gradient.inputs = {forward[0], forward[1]};
      expect_runs(gradient, of_gradient);
      if (HasFailure()) return;
    }
}

TEST_F(PoolWindows, OfMeansBothWays) {
  for (const Windows& windows : ending_beyond)
    for (const bool count_include_pad : {true, false}) {
      auto named = attributes_of(windows.options, false);
      named.emplace_back("count_include_pad", count_include_pad);
      Graph graph;
      const Value y = apply(OpKind::avg_pool2d, {graph.input("x", f32_type(windows.x))}, named);
      graph.add_result(y);
      expect_runs(graph);
      Graph gradient;
      named.emplace_back("input_size", Ints{windows.x[2], windows.x[3]});
      gradient.add_result(apply(OpKind::avg_pool2d_backward, {gradient.input("dy", y.type())}, named));
      expect_runs(gradient);
      if (HasFailure()) return;
    }
}

// A NaN wins, and what is beyond the border is never the largest.
TEST_F(PoolWindows, NaNAndInfinityTravelAsInTheReference) {
  for (const Windows& windows : dilated)
    for (const double special : {std::nan(""), -std::numeric_limits<double>::infinity()}) {
      Graph graph;
      graph.add_result(max_pool2d(graph.input("x", f32_type(windows.x)), windows.options));
      Bindings bindings = random_bindings(graph, random_);
      for (int64_t i = 0; i < bindings.inputs[0].count(); i += 2) bindings.inputs[0].set(i, special);
      const Tensor expected = interpret(graph, bindings)[0];
      for (const Implementation& way : backend_->implementations(graph, 0)) {
        const Tensor actual = run_graph(*backend_, laid_out(graph, way), bindings, nullptr)[0];
        for (int64_t i = 0; i < expected.count(); ++i)
          ASSERT_TRUE(actual.at(i) == expected.at(i) ||
                      (std::isnan(actual.at(i)) && std::isnan(expected.at(i))))
              << print(graph) << i;
      }
    }
}

// Where windows lie side by side each element is written once, also those of the window that is not whole.
TEST_F(PoolWindows, GradientsOfAWindowBeyondThePaddingFuse) {
  Graph body;
  const Value dx = apply(OpKind::avg_pool2d_backward, {body.input("dy", f32_type({17, 2, 4, 20}))},
                         {{"kernel_size", Ints{2, 2}}, {"ceil_mode", true}, {"input_size", Ints{7, 39}}});
  body.add_result(dx * body.input("scale", dx.type()));
  expect_runs(as_fusion(std::move(body)));
}

TEST_F(PoolWindows, BehindAConvolutionSomeAreRefused) {
  const auto refusal = [&](const std::function<Value(Value)>& pool) {
    Graph body;
    const Value x = body.input("x", f32_type({1, 1, 9, 9})), weight = body.input("w", f32_type({1, 1, 2, 2}));
    body.add_result(pool(conv2d(x, weight)));
    return backend_->refuses_fusion(body);
  };
  EXPECT_EQ(refusal([](Value y) {
              return max_pool2d(y, {.kernel_size = {3, 3}, .ceil_mode = true});
            }),
            std::nullopt);
  EXPECT_EQ(refusal([](Value y) {
              return max_pool2d(y, {.kernel_size = {2, 2}, .dilation = {2, 2}});
            }),
            std::nullopt);
  EXPECT_EQ(refusal([](Value y) {
              return avg_pool2d(y, {.kernel_size = {3, 3}, .ceil_mode = true});
            }),
            "there is no kernel for avg_pool2d with ceil_mode and count_include_pad");
}

TEST_F(PoolWindows, GradientsOfAConvolutionBehindDilatedOnesAreRefused) {
  Graph body;
  const Value dy = body.input("dy", f32_type({1, 1, 3, 3}));
  const Value places = body.input("places", {DType::u8, {1, 1, 3, 3}, {}});
  const Value unpooled =
      apply(OpKind::max_pool2d_backward, {dy, places},
            {{"kernel_size", Ints{2, 2}}, {"dilation", Ints{2, 2}}, {"input_size", Ints{8, 8}}});
  body.add_result(apply(OpKind::conv2d_backward_weights, {body.input("x", f32_type({1, 1, 9, 9})), unpooled},
                        {{"kernel_size", Ints{2, 2}}}));
  EXPECT_EQ(backend_->refuses_fusion(body), "there is no kernel for max_pool2d_backward with dilation");
}

}  // namespace
}  // namespace sinter
