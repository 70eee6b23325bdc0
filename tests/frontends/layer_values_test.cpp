#include <gtest/gtest.h>

#include <cmath>

#include "frontends/sinter/load.h"
#include "ir/interpreter.h"

/// Layers that are made of several ops: their values against the formula.
namespace sinter {
namespace {

using Numbers = std::vector<double>;

constexpr int64_t samples = 2, channels = 4, height = 3, width = 5, plane = height * width;

double pixel(int64_t i) { return std::sin(1.7 * static_cast<double>(i)) + 0.1 * static_cast<double>(i % 7); }

// The values of a chain behind an image of f64, its parameters being 2, 3, 4, ... each.
Numbers values_of(const std::string& chain, std::vector<int64_t>* shape = nullptr) {
  const Graph graph = load_model(fmt::format("model m {{\n  input x: f64[{}, {}, {}, {}]\n  x | {}\n}}\n",
                                             samples, channels, height, width, chain),
                                 "m.sinter");
  Tensor x(DType::f64, {samples, channels, height, width});
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, pixel(i));
  Bindings bindings{{x}, {}, {}};
  for (const ValueId id : graph.parameters()) {
    bindings.parameters.emplace_back(DType::f64, sizes(graph.type(id).shape));
    Tensor& tensor = bindings.parameters.back();
    for (int64_t i = 0; i < tensor.count(); ++i) tensor.set(i, static_cast<double>(i + 2));
  }
  const Tensor y = interpret(graph, bindings).at(0);
  if (shape) shape->assign(y.shape().begin(), y.shape().end());
  Numbers values;
  for (int64_t i = 0; i < y.count(); ++i) values.push_back(y.at(i));
  return values;
}

void expect_values(const std::string& chain, const Numbers& expected) {
  const Numbers found = values_of(chain);
  ASSERT_EQ(found.size(), expected.size()) << chain;
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], 1e-12) << chain << ", element " << i;
}

// Runs of `length` pixels normalised; element i is then times i / each % count + 2, plus the same.
Numbers normalized(int64_t length, double eps, int64_t each, int64_t count) {
  Numbers y;
  for (int64_t i = 0; i < samples * channels * plane; ++i) {
    const int64_t begin = i / length * length;
    double sum = 0, squares = 0;
    for (int64_t k = begin; k < begin + length; ++k) sum += pixel(k);
    const double mean = sum / static_cast<double>(length);
    for (int64_t k = begin; k < begin + length; ++k) squares += (pixel(k) - mean) * (pixel(k) - mean);
    const double z = (pixel(i) - mean) / std::sqrt(squares / static_cast<double>(length) + eps);
    const double parameter = count == 0 ? 0 : static_cast<double>(i / each % count + 2);
    y.push_back(count == 0 ? z : z * parameter + parameter);
  }
  return y;
}

TEST(LayerValues, Normalizations) {
  expect_values("layer_norm", normalized(width, 1e-5, 1, width));
  expect_values("layer_norm(dims=2, eps=0.1)", normalized(plane, 0.1, 1, plane));
  expect_values("layer_norm(dims=3, affine=false)", normalized(channels * plane, 1e-5, 1, 0));
  expect_values("group_norm(2)", normalized(2 * plane, 1e-5, plane, channels));
  expect_values("group_norm(1, affine=false)", normalized(channels * plane, 1e-5, 1, 0));
  expect_values("instance_norm", normalized(plane, 1e-5, 1, 0));
  expect_values("instance_norm(affine=true)", normalized(plane, 1e-5, plane, channels));
}

TEST(LayerValues, LocalResponseNorm) {
  for (const int64_t size : {1, 2, 3, 5}) {
    Numbers expected;
    for (int64_t i = 0; i < samples * channels * plane; ++i) {
      const int64_t channel = i / plane % channels;
      double squares = 0;
      for (int64_t c = channel - size / 2; c <= channel + (size - 1) / 2; ++c) {
        const double neighbour = c < 0 || c >= channels ? 0 : pixel(i + (c - channel) * plane);
        squares += neighbour * neighbour;
      }
      expected.push_back(pixel(i) / std::pow(2 + 0.5 * squares / static_cast<double>(size), 0.75));
    }
    expect_values(fmt::format("local_response_norm({}, alpha=0.5, k=2.0)", size), expected);
  }
}

// Window i of 2 over 3 rows: 0, 1 and 1, 2; of 3 over 5 columns: 0, 1 and 1, 2, 3 and 3, 4.
TEST(LayerValues, AdaptivePools) {
  constexpr int64_t rows[][2] = {{0, 2}, {1, 3}}, columns[][2] = {{0, 2}, {1, 4}, {3, 5}};
  Numbers means, most;
  for (int64_t p = 0; p < samples * channels; ++p)
    for (const auto& row : rows)
      for (const auto& column : columns) {
        double sum = 0, best = -10;
        for (int64_t h = row[0]; h < row[1]; ++h)
          for (int64_t w = column[0]; w < column[1]; ++w) {
            sum += pixel(p * plane + h * width + w);
            best = std::max(best, pixel(p * plane + h * width + w));
          }
        means.push_back(sum / static_cast<double>((row[1] - row[0]) * (column[1] - column[0])));
        most.push_back(best);
      }
  expect_values("adaptive_avg_pool2d((2, 3))", means);
  expect_values("adaptive_max_pool2d((2, 3))", most);
}

TEST(LayerValues, AdaptivePoolsOfEqualWindowsArePlainPools) {
  const Graph graph = load_model(
      "model m {\n  input x: f32[N, 3, 8, 12]\n  x | adaptive_avg_pool2d((4, 3))\n}\n", "m.sinter");
  ASSERT_EQ(graph.nodes().size(), 1u);
  EXPECT_EQ(graph.node(0).op, OpKind::avg_pool2d);
  EXPECT_EQ(graph.node(0).attributes.ints("kernel_size"), (Ints{2, 4}));
}

TEST(LayerValues, PadAndResize) {
  std::vector<int64_t> shape;
  const Numbers padded = values_of("pad((1, 0, 0, 2), mode=\"edge\")", &shape);
  EXPECT_EQ(shape, (std::vector<int64_t>{samples, channels, height + 1, width + 2}));
  EXPECT_EQ(padded[0], pixel(0));
  EXPECT_EQ(padded[width + 1], pixel(width - 1));
  const Numbers resized = values_of("resize((6, 10))", &shape);
  EXPECT_EQ(shape, (std::vector<int64_t>{samples, channels, 6, 10}));
  EXPECT_EQ(resized[1], pixel(0));
  EXPECT_EQ(resized[2], pixel(1));
  EXPECT_EQ(values_of("resize((5, 9), mode=\"bilinear\", align_corners=true)")[1], (pixel(0) + pixel(1)) / 2);
}

}  // namespace
}  // namespace sinter
