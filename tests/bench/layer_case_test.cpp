#include "bench/kernels/layer_case.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ir/interpreter.h"

namespace sinter::bench {
namespace {

const Layer max_layer{.n = 5,
                      .c = 4,
                      .h = 12,
                      .w = 10,
                      .o = 6,
                      .k = 3,
                      .s = 1,
                      .p = 1,
                      .activation = OpKind::relu,
                      .pool = PoolShape{OpKind::max_pool2d, 2, 2, 0}};
const Layer average_layer{.n = 5,
                          .c = 4,
                          .h = 12,
                          .w = 10,
                          .o = 6,
                          .k = 3,
                          .s = 2,
                          .p = 0,
                          .activation = OpKind::sigmoid,
                          .pool = PoolShape{OpKind::avg_pool2d, 2, 2, 0}};
std::vector<Tensor> interpreted(const Layer& layer, Work work, const NamedTensors& inputs) {
  const Graph graph = layer_graph(layer, work);
  Bindings bindings;
  for (const ValueId id : graph.parameters()) bindings.parameters.push_back(inputs.at(graph.info(id).name));
  return interpret(graph, bindings);
}

TEST(LayerCase, ExpectsWhatTheInterpreterGivesAndSeesOneWrongElement) {
  for (const Layer& layer : {max_layer, average_layer})
    for (const Work work : {Work::forward, Work::backward_data, Work::backward_weights}) {
      const NamedTensors inputs = make_inputs(layer, work);
      const Expected expected(layer, work, inputs);
      std::vector<Tensor> results = interpreted(layer, work, inputs);
      EXPECT_EQ(expected.error_of(results), 0);
      Tensor& last = results.back();
      const double good = last.at(last.count() - 1);
      last.set(last.count() - 1, good + 1);
      EXPECT_GT(expected.error_of(results), 1e-3);
      last.set(last.count() - 1, NAN);
      EXPECT_EQ(expected.error_of(results), INFINITY);
    }
}

TEST(LayerCase, PartsOfLargeWorkHaveTheNumbersOfTheWhole) {
  for (const Layer& layer : {max_layer, average_layer})
    for (const Work work : {Work::forward, Work::backward_data, Work::backward_weights}) {
      const NamedTensors inputs = make_inputs(layer, work);
      const Expected expected(layer, work, inputs, layer.flops() / 2);
      std::vector<Tensor> results = interpreted(layer, work, inputs);
      EXPECT_EQ(expected.error_of(results), 0);
      for (const int64_t index : {int64_t{0}, results[0].count() - 1}) {
        const double good = results[0].at(index);
        results[0].set(index, good + 1);
        EXPECT_GT(expected.error_of(results), 1e-3);
        results[0].set(index, good);
      }
    }
}

TEST(LayerCase, HalfOfTheGradientsAreZeroAndEveryPlaceIsTheLargestEquallyOften) {
  Layer layer = max_layer;
  layer.h = layer.w = 64;
  const NamedTensors inputs = make_inputs(layer, Work::backward_weights);
  const auto dy = inputs.at("dy").values<float>();
  const auto argmax = inputs.at("argmax").values<uint8_t>();
  const auto share = [](auto count, auto all) {
    return static_cast<double>(count) / static_cast<double>(all);
  };
  EXPECT_NEAR(share(std::ranges::count(dy, 0.0F), dy.size()), 0.5, 0.02);
  for (const uint8_t place : {0, 1, 2, 3})
    EXPECT_NEAR(share(std::ranges::count(argmax, place), argmax.size()), 0.25, 0.02);
}

}  // namespace
}  // namespace sinter::bench
