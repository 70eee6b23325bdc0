#include "passes/autodiff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ir/build.h"
#include "ir/copy.h"
#include "ir/verify.h"
#include "passes/same_numbers.h"
#include "tests/passes/random_training_graph.h"

/// Gradients of whole networks against central differences in f64. What the pass builds and refuses is in
/// autodiff.ir.
namespace sinter {
namespace {

constexpr double tolerance = 1e-6;

double loss_of(const Graph& graph, const Bindings& bindings) {
  return interpret(graph, bindings)[*graph.find_result("loss")].at(0);
}

Graph differentiated(Graph graph) {
  autodiff(graph, {});
  verify_or_fail(graph, "after autodiff");
  return graph;
}

void expect_gradients(const Graph& graph, uint64_t seed = 1) {
  constexpr double step = 1e-5;
  const Graph trained = differentiated(graph);
  Bindings bindings = random_bindings(graph, seed);
  const auto results = interpret(trained, bindings);
  EXPECT_EQ(results[*trained.find_result("loss")].at(0), loss_of(graph, bindings)) << "the loss changed";
  for (size_t p = 0; p < graph.parameters().size(); ++p) {
    const std::string& name = graph.info(graph.parameters()[p]).name;
    const Tensor& gradient = results.at(trained.find_result("gradient." + name).value());
    Tensor& parameter = bindings.parameters[p];
    for (int64_t i = 0; i < parameter.count(); ++i) {
      const double x = parameter.at(i);
      parameter.set(i, x + step);
      const double above = loss_of(graph, bindings);
      parameter.set(i, x - step);
      const double slope = (above - loss_of(graph, bindings)) / (2 * step);
      parameter.set(i, x);
      ASSERT_NEAR(gradient.at(i), slope, tolerance * (1 + std::abs(slope))) << name << ", element " << i;
    }
  }
}

// A graph under construction, in f64.
struct Network {
  Graph graph;

  Value input(std::string name, Shape shape) {
    return graph.input(std::move(name), {DType::f64, std::move(shape), {}});
  }
  Value parameter(std::string name, Shape shape) {
    return graph.parameter(std::move(name), {DType::f64, std::move(shape), {}});
  }
  Value labels(int64_t count) { return graph.input("labels", {DType::i64, {count}, {}}); }
};

int64_t count(const Graph& graph, OpKind op) { return std::ranges::count(graph.nodes(), op, &Node::op); }

TEST(Autodiff, LeNetWithSigmoidAndAveragePool) {
  Network net;
  Value x = net.input("image", {2, 1, 8, 8});
  x = conv2d(x, net.parameter("0.weight", {2, 1, 5, 5}), net.parameter("0.bias", {2}),
             {.padding = {2, 2, 2, 2}});
  x = avg_pool2d(sigmoid(x), {.kernel_size = {2, 2}});
  x = conv2d(x, net.parameter("3.weight", {3, 2, 3, 3}), net.parameter("3.bias", {3}));
  x = flatten(avg_pool2d(sigmoid(x), {.kernel_size = {2, 2}}));
  x = sigmoid(linear(x, net.parameter("7.weight", {4, 3}), net.parameter("7.bias", {4})));
  x = linear(x, net.parameter("9.weight", {2, 4}), net.parameter("9.bias", {2}));
  net.graph.add_result(softmax_cross_entropy(x, net.labels(2)), "loss");
  expect_gradients(net.graph);
}

TEST(Autodiff, ReluAndOverlappingMaxPool) {
  Network net;
  Value x = net.input("image", {2, 2, 7, 6});
  x = conv2d(x, net.parameter("w", {3, 2, 3, 2}), {}, {.stride = {1, 2}, .padding = {0, 1, 2, 0}});
  x = max_pool2d(relu(x), {.kernel_size = {3, 2}, .stride = {2, 1}, .padding = {1, 0, 0, 1}});
  x = linear(flatten(x), net.parameter("v", {2, x.shape()[1].size * x.shape()[2].size * x.shape()[3].size}));
  net.graph.add_result(softmax_cross_entropy(x, net.labels(2), {.reduction = "sum"}), "loss");
  expect_gradients(net.graph);
}

TEST(Autodiff, ResidualSumWithProjection) {
  Network net;
  const Value x = net.input("image", {2, 2, 4, 4});
  const Value a = leaky_relu(
      conv2d(x, net.parameter("a", {3, 2, 3, 3}), {}, {.stride = {2, 2}, .padding = {1, 1, 1, 1}}));
  const Value main = conv2d(a, net.parameter("b", {3, 3, 3, 3}), {}, {.padding = {1, 1, 1, 1}});
  const Value side = conv2d(x, net.parameter("side", {3, 2, 1, 1}), {}, {.stride = {2, 2}});
  const Value y = global_avg_pool2d(relu(main + side) + a);
  net.graph.add_result(mse_loss(y, net.input("target", {2, 3, 1, 1})), "loss");
  expect_gradients(net.graph);
}

TEST(Autodiff, ParametersUsedTwice) {
  Network net;
  const Value w = net.parameter("w", {3, 3}), kernel = net.parameter("kernel", {1, 1, 2, 2});
  const Value x = tanh(matmul(tanh(matmul(net.input("x", {4, 3}), w)), w, {.transpose_b = true}));
  const Value image = reshape(x, {1, 1, 4, 3});
  const Value y = conv2d(conv2d(image, kernel), kernel, {}, {.padding = {1, 0, 0, 1}});
  net.graph.add_result(sum(y * y), "loss");
  expect_gradients(net.graph);
}

TEST(Autodiff, BroadcastsOfEveryKind) {
  Network net;
  const Value x = net.input("x", {2, 3, 4});
  Value y = x + net.parameter("column", {3, 1});
  y = net.parameter("row", {4}) * y - net.parameter("one", {1, 1, 1});
  y = y / exp(net.parameter("scalar", {}));
  y = maximum(y, net.parameter("larger", {5, 1, 1, 1}));  // the parameter makes the shape
  y = minimum(broadcast_to(net.parameter("smaller", {3, 4}), {5, 2, 3, 4}), y);
  net.graph.add_result(mean(sum_to(y, {5, 1, 3, 1}) * 0.5), "loss");
  expect_gradients(net.graph);
}

TEST(Autodiff, LogSoftmaxSelectAndReductions) {
  Network net;
  const Value w = net.parameter("w", {4, 3});
  const Value y = linear(net.input("x", {5, 3}), w);
  const Value positive = select(y > 0.0, log_softmax(y, {.axis = 0}), softmax(y) * y);
  const Value spread = sqrt(mean(positive * positive, {.axes = {1}, .keepdims = true}) + 1.0);
  const Value norm = log(sum(exp(w), {.axes = {-1}}) + 2.0);
  net.graph.add_result(mean(positive / spread) + sum(transpose(w, {1, 0}) * norm), "loss");
  expect_gradients(net.graph);
}

TEST(Autodiff, ChainsOfMatrixProducts) {
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true}) {
      SCOPED_TRACE(fmt::format("transposed: {} {}", transpose_a, transpose_b));
      Network net;
      const Value a = net.parameter("a", transpose_a ? Shape{2, 1, 4, 3} : Shape{2, 1, 3, 4});
      const Value b = net.parameter("b", transpose_b ? Shape{5, 2, 4} : Shape{5, 4, 2});
      const Value y = matmul(a, b, {.transpose_a = transpose_a, .transpose_b = transpose_b});
      const Value z = matmul(y, net.parameter("c", {2, 2}));
      net.graph.add_result(mean(z * z), "loss");
      expect_gradients(net.graph);
    }
}

TEST(Autodiff, AParameterThatTheLossDoesNotDependOnGetsZeros) {
  Network net;
  const Value w = net.parameter("w", {2});
  net.parameter("unused", {2, 3});
  net.graph.add_result(sum(w), "loss");
  const Graph trained = differentiated(net.graph);
  const auto results = interpret(trained, random_bindings(trained, 1));
  EXPECT_EQ(results[trained.find_result("gradient.unused").value()], Tensor(DType::f64, {2, 3}));
}

TEST(Autodiff, DifferentiatesTheGradientsOfAConvolution) {
  Network net;
  const Value x = net.parameter("x", {2, 1, 5, 4}), w = net.parameter("w", {2, 1, 3, 2});
  const Value y = conv2d(x, w, {}, {.stride = {2, 1}, .padding = {1, 1, 0, 0}});
  net.graph.add_result(sum(y * y), "loss");
  const Graph once = differentiated(net.graph);
  GraphCopy copy(once);
  for (const Node& node : once.nodes()) copy.node(node);
  const Value dx = copy[once.results()[once.find_result("gradient.x").value()].value];
  const Value dw = copy[once.results()[once.find_result("gradient.w").value()].value];
  copy.graph().add_result(mean(dx * dx) + mean(dw * dw), "loss");
  const Graph penalty = copy.take();
  ASSERT_GT(count(penalty, OpKind::conv2d_backward_data), 0);
  ASSERT_GT(count(penalty, OpKind::conv2d_backward_weights), 0);
  expect_gradients(penalty);
}

TEST(Autodiff, PoolsOnceThoughTheResultIsReadTwice) {
  Network net;
  const Value x = conv2d(net.input("x", {1, 1, 4, 4}), net.parameter("w", {1, 1, 1, 1}));
  const Value pooled = max_pool2d(x, {.kernel_size = {2, 2}});
  net.graph.add_result(pooled, "features");
  net.graph.add_result(sum(pooled * pooled), "loss");
  const Graph trained = differentiated(net.graph);
  EXPECT_EQ(count(trained, OpKind::max_pool2d), 0);
  EXPECT_EQ(count(trained, OpKind::max_pool2d_argmax), 1);
  EXPECT_EQ(count(trained, OpKind::max_pool2d_backward), 1);
  expect_gradients(net.graph);
}

// Along a random direction, since a random graph may have many parameters.
TEST(Autodiff, RandomGraphs) {
  constexpr double step = 1e-6;
  int moving = 0;
  for (int seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomEngine random(seed);
    const RandomGraph drawn = random_training_graph(random, DType::f64);
    const Graph trained = differentiated(drawn.graph);
    const auto results = interpret(trained, drawn.bindings);
    Bindings above = drawn.bindings, below = drawn.bindings;
    double slope = 0;
    for (size_t p = 0; p < drawn.graph.parameters().size(); ++p) {
      const std::string& name = drawn.graph.info(drawn.graph.parameters()[p]).name;
      const Tensor& gradient = results[trained.find_result("gradient." + name).value()];
      for (Bindings* moved : {&above, &below}) moved->parameters[p] = moved->parameters[p].clone();
      for (int64_t i = 0; i < gradient.count(); ++i) {
        const double direction = random_real(random, -1, 1), x = drawn.bindings.parameters[p].at(i);
        above.parameters[p].set(i, x + step * direction);
        below.parameters[p].set(i, x - step * direction);
        slope += direction * gradient.at(i);
      }
    }
    const double up = loss_of(drawn.graph, above), down = loss_of(drawn.graph, below);
    const double noise = 1e-9 * std::abs(up);  // the loss itself is rounded, and the step is small
    EXPECT_NEAR(slope, (up - down) / (2 * step), 1e-5 * (1 + std::abs(slope)) + noise);
    moving += std::abs(slope) > 1e-3;
  }
  EXPECT_GT(moving, 100) << "most losses depend on their parameters";
}

}  // namespace
}  // namespace sinter
