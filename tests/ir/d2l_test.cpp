#include <gtest/gtest.h>

#include <cmath>

#include "tests/ir/evaluated.h"

/// The tensors and shapes that Dive into Deep Learning prints in its chapters 7.2 to 7.6 and 4.1, exactly.
/// Source: Zhang, Lipton, Li, Smola, "Dive into Deep Learning", Cambridge University Press, 2023.
namespace sinter {
namespace {

using Numbers = std::vector<double>;
using Shape4 = std::vector<int64_t>;

Tensor corr2d(const Tensor& x, const Tensor& kernel) {
  return evaluated({x, kernel}, [](auto v) { return conv2d(v[0], v[1]); });
}

Tensor corr2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options) {
  return evaluated({x, kernel}, [&](auto v) { return conv2d(v[0], v[1], {}, options); });
}

// An image of one channel from f(row, column).
template <typename F>
Tensor image(int64_t height, int64_t width, F f) {
  Tensor x(DType::f32, {1, 1, height, width});
  for (int64_t i = 0; i < height * width; ++i) x.set(i, f(i / width, i % width));
  return x;
}

TEST(D2l, CrossCorrelation) {
  EXPECT_EQ(elements(corr2d(counting({1, 1, 3, 3}), counting({1, 1, 2, 2}))), (Numbers{19, 25, 37, 43}));
  const Tensor x = f32({1, 1, 3, 3}, {1, 2, 3, 2, 3, 4, 3, 4, 5}), kernel = f32({1, 1, 2, 2}, {1, 2, 2, 3});
  const Tensor y = corr2d(x, kernel);
  EXPECT_EQ(y.shape(), (Shape4{1, 1, 2, 2}));
  EXPECT_EQ(elements(y), (Numbers{18, 26, 26, 34}));
}

const Tensor two_channels = f32({1, 2, 3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9});

TEST(D2l, SeveralInputChannels) {
  const Tensor kernel = f32({1, 2, 2, 2}, {0, 1, 2, 3, 1, 2, 3, 4});
  EXPECT_EQ(elements(corr2d(two_channels, kernel)), (Numbers{56, 72, 104, 120}));
}

TEST(D2l, SeveralOutputChannels) {
  const Tensor kernel =
      f32({3, 2, 2, 2}, {0, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 2, 3, 4, 5, 2, 3, 4, 5, 3, 4, 5, 6});
  const Tensor y = corr2d(two_channels, kernel);
  EXPECT_EQ(y.shape(), (Shape4{1, 3, 2, 2}));
  EXPECT_EQ(elements(y), (Numbers{56, 72, 104, 120, 76, 100, 148, 172, 96, 128, 192, 224}));
}

const Tensor edge_kernel = f32({1, 1, 1, 2}, {1, -1});

Tensor band() {
  return image(6, 8, [](auto, auto column) { return column < 2 || column >= 6; });
}

TEST(D2l, EdgeDetection) {
  const Tensor edges = corr2d(band(), edge_kernel);
  EXPECT_EQ(edges.shape(), (Shape4{1, 1, 6, 7}));
  for (int64_t i = 0; i < edges.count(); ++i)
    EXPECT_EQ(edges.at(i), i % 7 == 1 ? 1 : i % 7 == 5 ? -1 : 0) << "element " << i;
  const Tensor turned = evaluated({band()}, [](auto v) { return transpose(v[0], {0, 1, 3, 2}); });
  EXPECT_EQ(elements(corr2d(turned, edge_kernel)), Numbers(8 * 5, 0))
      << "a vertical edge kernel sees no horizontal edge";
}

TEST(D2l, EdgesOfStripes) {
  const Tensor stripes = image(8, 8, [](auto, auto column) { return column % 2; });
  const Tensor edges = corr2d(stripes, edge_kernel);
  for (int64_t i = 0; i < edges.count(); ++i) EXPECT_EQ(edges.at(i), i % 7 % 2 ? 1 : -1) << "element " << i;
}

TEST(D2l, EdgesOfTheDiagonal) {
  const Tensor diagonal = image(8, 8, [](auto row, auto column) { return row == column; });
  const Tensor edges = corr2d(diagonal, edge_kernel);
  for (int64_t i = 0; i < edges.count(); ++i) {
    const int64_t row = i / 7, column = i % 7;
    EXPECT_EQ(edges.at(i), row == column ? 1 : row == column + 1 ? -1 : 0) << row << ", " << column;
  }
  const Tensor turned = evaluated({diagonal}, [](auto v) { return transpose(v[0], {0, 1, 3, 2}); });
  EXPECT_EQ(corr2d(turned, edge_kernel), edges);
  const Tensor turned_kernel = f32({1, 1, 2, 1}, {1, -1});
  const Tensor down = corr2d(diagonal, turned_kernel);
  EXPECT_EQ(down.shape(), (Shape4{1, 1, 7, 8}));
  EXPECT_EQ(evaluated({down}, [](auto v) { return transpose(v[0], {0, 1, 3, 2}); }), edges);
}

TEST(D2l, OneByOneConvolutionIsMatmul) {
  Tensor x = counting({1, 3, 3, 3}), weight = counting({2, 3, 1, 1});
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, std::sin(3.0 * static_cast<double>(i)));
  for (int64_t i = 0; i < weight.count(); ++i) weight.set(i, std::cos(5.0 * static_cast<double>(i)));
  const auto by_matmul = [](auto v) {
    return reshape(matmul(reshape(v[1], {2, 3}), reshape(v[0], {3, 9})), {1, 2, 3, 3});
  };
  const Tensor product = evaluated({x, weight}, by_matmul), y = corr2d(x, weight);
  for (int64_t i = 0; i < y.count(); ++i) EXPECT_NEAR(y.at(i), product.at(i), 1e-6);
}

TEST(D2l, ShapesOfPaddingAndStride) {
  const auto shape = [](Shape4 kernel, const Conv2dOptions& options) {
    const auto y = corr2d(counting({1, 1, 8, 8}), counting({1, 1, kernel[0], kernel[1]}), options).shape();
    return Shape4(y.begin() + 2, y.end());
  };
  EXPECT_EQ(shape({3, 3}, {.padding = {1, 1, 1, 1}}), (Shape4{8, 8}));
  EXPECT_EQ(shape({5, 3}, {.padding = {2, 1, 2, 1}}), (Shape4{8, 8}));
  EXPECT_EQ(shape({3, 3}, {.stride = {2, 2}, .padding = {1, 1, 1, 1}}), (Shape4{4, 4}));
  EXPECT_EQ(shape({3, 5}, {.stride = {3, 4}, .padding = {0, 1, 0, 1}}), (Shape4{2, 2}));
  EXPECT_EQ(shape({4, 4}, {}), (Shape4{5, 5}));
}

Tensor max_pooled(const Tensor& x, const PoolOptions& options) {
  return evaluated({x}, [&](auto v) { return max_pool2d(v[0], options); });
}

TEST(D2l, Pooling) {
  const Tensor x = counting({1, 1, 3, 3});
  EXPECT_EQ(elements(max_pooled(x, {.kernel_size = {2, 2}, .stride = {1, 1}})), (Numbers{4, 5, 7, 8}));
  const Tensor means = evaluated({x}, [](auto v) {
    return avg_pool2d(v[0], {.kernel_size = {2, 2}, .stride = {1, 1}});
  });
  EXPECT_EQ(elements(means), (Numbers{2, 3, 5, 6}));
}

const PoolOptions with_stride = {.kernel_size = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}};
const PoolOptions two_by_three = {.kernel_size = {2, 3}, .stride = {2, 3}, .padding = {0, 1, 0, 1}};

TEST(D2l, MaxPoolPaddingAndStride) {
  const Tensor x = counting({1, 1, 4, 4});
  EXPECT_EQ(elements(max_pooled(x, {.kernel_size = {3, 3}})), (Numbers{10}));
  EXPECT_EQ(elements(max_pooled(x, with_stride)), (Numbers{5, 7, 13, 15}));
  EXPECT_EQ(elements(max_pooled(x, two_by_three)), (Numbers{5, 7, 13, 15}));
}

TEST(D2l, MaxPoolOfTwoChannels) {
  Tensor x(DType::f32, {1, 2, 4, 4});  // X and X + 1
  for (int64_t i = 0; i < 32; ++i) x.set(i, static_cast<double>(i % 16 + i / 16));
  EXPECT_EQ(elements(max_pooled(x, with_stride)), (Numbers{5, 7, 13, 15, 6, 8, 14, 16}));
}

TEST(D2l, AveragePoolIsAConvolution) {
  Tensor ninth(DType::f32, {1, 1, 3, 3});
  for (int64_t i = 0; i < 9; ++i) ninth.set(i, 1.0 / 9);
  const Tensor x = counting({1, 1, 6, 7});
  const Tensor pooled = evaluated({x}, [](auto v) {
    return avg_pool2d(v[0], {.kernel_size = {3, 3}, .stride = {1, 1}, .padding = {1, 1, 1, 1}});
  });
  const Tensor convolved = corr2d(x, ninth, {.padding = {1, 1, 1, 1}});
  ASSERT_EQ(pooled.shape(), convolved.shape());
  for (int64_t i = 0; i < pooled.count(); ++i) EXPECT_NEAR(pooled.at(i), convolved.at(i), 1e-5);
}

// kernel - lr * gradient of the sum of squares, the gradient by the op table's rule.
Tensor gradient_step(const Tensor& x, const Tensor& y, const Tensor& kernel) {
  return evaluated({x, y, kernel}, [](auto v) {
    const Value predicted = conv2d(v[0], v[2]);
    const Value dy = (predicted - v[1]) * 2.0;
    const std::vector<OptionalValue> operands = {v[0], v[2]}, gradients = {dy};
    const auto d = op_def(OpKind::conv2d)
                       .gradient({v[0].graph(), Attributes(OpKind::conv2d), operands, std::vector{predicted},
                                  gradients});
    return v[2] - *d[1] * 3e-2;
  });
}

TEST(D2l, LearningAKernel) {
  const Tensor x = band(), y = corr2d(x, edge_kernel);
  Tensor kernel = f32({1, 1, 1, 2}, {0.3F, -0.2F});
  for (int step = 0; step < 10; ++step) kernel = gradient_step(x, y, kernel);
  EXPECT_NEAR(kernel.at(0), 1, 0.1);
  EXPECT_NEAR(kernel.at(1), -1, 0.1);
}

TEST(D2l, Softmax) {
  const Tensor y = evaluated({f32({1, 4}, {1, .01F, .04F, .005F})}, [](auto v) { return softmax(v[0]); });
  const Numbers printed = {.4708, .1749, .1803, .1741};
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(y.at(i), printed[i], 5e-5);
}

TEST(D2l, ShapesOfLeNet) {
  Graph graph;
  const auto parameter = [&](const char* name, Shape shape) {
    return graph.parameter(name, {DType::f32, std::move(shape), {}});
  };
  const AvgPoolOptions halves = {.kernel_size = {2, 2}, .stride = {2, 2}};
  Value x = graph.input("image", {DType::f32, {1, 1, 28, 28}, {}});
  x = sigmoid(
      conv2d(x, parameter("0.weight", {6, 1, 5, 5}), parameter("0.bias", {6}), {.padding = {2, 2, 2, 2}}));
  EXPECT_EQ(x.shape(), (Shape{1, 6, 28, 28}));
  x = avg_pool2d(x, halves);
  EXPECT_EQ(x.shape(), (Shape{1, 6, 14, 14}));
  x = sigmoid(conv2d(x, parameter("3.weight", {16, 6, 5, 5}), parameter("3.bias", {16})));
  EXPECT_EQ(x.shape(), (Shape{1, 16, 10, 10}));
  x = avg_pool2d(x, halves);
  EXPECT_EQ(x.shape(), (Shape{1, 16, 5, 5}));
  x = flatten(x);
  EXPECT_EQ(x.shape(), (Shape{1, 400}));
  x = sigmoid(linear(x, parameter("7.weight", {120, 400}), parameter("7.bias", {120})));
  EXPECT_EQ(x.shape(), (Shape{1, 120}));
  x = sigmoid(linear(x, parameter("9.weight", {84, 120}), parameter("9.bias", {84})));
  EXPECT_EQ(x.shape(), (Shape{1, 84}));
  x = linear(x, parameter("11.weight", {10, 84}), parameter("11.bias", {10}));
  EXPECT_EQ(x.shape(), (Shape{1, 10}));
}

}  // namespace
}  // namespace sinter
