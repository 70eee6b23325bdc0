#include <gtest/gtest.h>

#include <cmath>

#include "ir/interpreter.h"
#include "tests/frontends/onnx/model_file.h"

/// Numbers of ops that no case of ONNX's own has, or that have meant something else.
namespace sinter {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

TEST(OnnxOps, SlopesOfOldModelsAreOfChannels) {
  const auto y = [](std::string_view slope) {
    return run_onnx(onnx_model(fmt::format("<ir_version: 3, opset_import: [\"\" : 6]> g (float[1, 2, 3] x) "
                                           "=> (y) {{ s = Constant <value = float{}> () y = PRelu(x, s) }}",
                                           slope)),
                    {Tensor::of<float>({1, 2, 3}, {-1, -2, 3, -1, -2, 3})});
  };
  EXPECT_EQ(y("[2] {10, 20}"), Tensor::of<float>({1, 2, 3}, {-10, -20, 3, -20, -40, 3}));
  EXPECT_EQ(y("[1] {10}"), Tensor::of<float>({1, 2, 3}, {-10, -20, 3, -10, -20, 3}));
  EXPECT_THROW(y("[3] {1, 2, 3}"), InputError);
}

// What is asked for beyond all windows together is zeros, behind them.
TEST(OnnxOps, TransposedConvolutionToALargerShape) {
  const auto y = [](std::string_view more) {
    return run_onnx(
        onnx_graph(fmt::format("g (float[1, 1, 2] x) => (y) {{ w = Constant <value = float[1, 1, 2] "
                               "{{1, 1}}> () y = ConvTranspose <strides = [2], output_shape = [6]{}> "
                               "(x, w) }}",
                               more)),
        {Tensor::of<float>({1, 1, 2}, {1, 2})});
  };
  const Tensor expected = Tensor::of<float>({1, 1, 6}, {1, 1, 2, 2, 0, 0});
  EXPECT_EQ(y(""), expected);
  EXPECT_EQ(y(", auto_pad = \"SAME_UPPER\""), expected);
  EXPECT_EQ(y(", auto_pad = \"SAME_LOWER\""), expected);
}

TEST(OnnxOps, ElementsByComputedIndices) {
  const auto y = [](int axis, Ints shape, std::initializer_list<int64_t> indices) {
    return run_onnx(onnx_graph(fmt::format(
                        "g (float[2, 3] x, int64[{}] i) => (y) {{ y = GatherElements <axis = {}> (x, i) }}",
                        fmt::join(shape, ", "), axis)),
                    {Tensor::of<float>({2, 3}, {1, 2, inf, 4, 5, 6}), Tensor::of<int64_t>(shape, indices)});
  };
  EXPECT_EQ(y(1, {2, 1}, {1, 2}), Tensor::of<float>({2, 1}, {2, 6}));
  EXPECT_EQ(y(-1, {2, 2}, {0, -1, -3, 1}), Tensor::of<float>({2, 2}, {1, inf, 4, 5}));
  EXPECT_EQ(y(0, {1, 3}, {1, 0, -1}), Tensor::of<float>({1, 3}, {4, 2, 6}));
  EXPECT_THROW(y(0, {1, 2}, {1, 0}), InputError);
}

// More than a backend takes as operands of one node.
TEST(OnnxOps, HundredPiecesInARow) {
  std::vector<float> backward(100), forward(100);
  for (size_t i = 0; i < 100; ++i) forward[i] = backward[99 - i] = static_cast<float>(i);
  const Tensor x = Tensor::of<float>({100}, forward);
  const auto model =
      import_onnx(onnx_graph("g (float[100] x) => (y) { s = Constant <value_ints = [-1]> () "
                             "e = Constant <value_ints = [-1000]> () z = Constant "
                             "<value_ints = [0]> () y = Slice(x, s, e, z, s) }"));
  for (const Node& node : model.graph.nodes()) EXPECT_LE(node.operands.size(), 32U);
  EXPECT_EQ(interpret(model.graph, {.inputs = {x}, .parameters = {}, .states = {}})[0],
            Tensor::of<float>({100}, backward));
}

TEST(OnnxOps, ProductsAlongAxes) {
  const auto y = [](std::string_view how, Ints shape, std::initializer_list<float> x) {
    return run_onnx(onnx_graph(fmt::format("g (float[{}] x) => (y) {{ y = ReduceProd <{}> (x) }}",
                                           fmt::join(shape, ", "), how)),
                    {Tensor::of<float>(shape, x)});
  };
  EXPECT_EQ(y("axes = [1]", {2, 3}, {1, 2, 3, 4, 5, 6}), Tensor::of<float>({2, 1}, {6, 120}));
  EXPECT_EQ(y("axes = [-2], keepdims = 0", {5, 1}, {1, 2, 3, 4, 5}), Tensor::of<float>({1}, {120}));
  EXPECT_EQ(y("keepdims = 0", {7}, {1, 2, 3, 4, 5, 6, 7}), Tensor::of<float>({}, {5040}));
}

Tensor of_line(std::string_view node, std::initializer_list<float> x, int opset = 17) {
  return run_onnx(onnx_model(fmt::format("<ir_version: 8, opset_import: [\"\" : {}]> g (float[{}] x) => (y) "
                                         "{{ zero = Constant <value = int64 {{0}}> () y = {} }}",
                                         opset, x.size(), node)),
                  {Tensor::of<float>({static_cast<int64_t>(x.size())}, x)});
}

TEST(OnnxOps, Rounding) {
  const std::initializer_list<float> x = {-inf, -1e30F,      -2.5F, -1.5F, -0.7F,      -0.5F, 0,
                                          0.5F, 0.49999997F, 1.5F,  2.5F,  8388607.5F, 1e30F, inf};
  EXPECT_EQ(of_line("Floor(x)", x),
            Tensor::of<float>({14}, {-inf, -1e30F, -3, -2, -1, -1, 0, 0, 0, 1, 2, 8388607, 1e30F, inf}));
  EXPECT_EQ(of_line("Ceil(x)", x),
            Tensor::of<float>({14}, {-inf, -1e30F, -2, -1, 0, 0, 0, 1, 1, 2, 3, 8388608, 1e30F, inf}));
  EXPECT_EQ(of_line("Round(x)", x),
            Tensor::of<float>({14}, {-inf, -1e30F, -2, -2, -1, 0, 0, 0, 0, 2, 2, 8388608, 1e30F, inf}));
  EXPECT_NE(of_line("Floor(x)", {std::numeric_limits<float>::quiet_NaN()}).at(0), 0);
}

TEST(OnnxOps, SumsAlongALine) {
  EXPECT_EQ(of_line("CumSum(x, zero)", {1, 2, 3, 4, 5}), Tensor::of<float>({5}, {1, 3, 6, 10, 15}));
  EXPECT_EQ(of_line("CumSum <reverse = 1> (x, zero)", {1, 2, 3, 4, 5}),
            Tensor::of<float>({5}, {15, 14, 12, 9, 5}));
  EXPECT_EQ(of_line("CumSum <exclusive = 1> (x, zero)", {1, 2, 3}), Tensor::of<float>({3}, {0, 1, 3}));
  EXPECT_EQ(of_line("CumSum <exclusive = 1, reverse = 1> (x, zero)", {7}), Tensor::of<float>({1}, {0}));
}

TEST(OnnxOps, WavesAreAsExactAsTheirType) {
  const std::initializer_list<float> x = {-1000, -3, -0.1F, 0, 1, 2, 3, 4, 5, 6, 1e4F, 1e6F};
  const Tensor sine = of_line("Sin(x)", x), cosine = of_line("Cos(x)", x), tangent = of_line("Tan(x)", x);
  for (int64_t i = 0; i < sine.count(); ++i) {
    const double at = x.begin()[i];
    EXPECT_FLOAT_EQ(static_cast<float>(sine.at(i)), static_cast<float>(std::sin(at))) << at;
    EXPECT_FLOAT_EQ(static_cast<float>(cosine.at(i)), static_cast<float>(std::cos(at))) << at;
    EXPECT_FLOAT_EQ(static_cast<float>(tangent.at(i)), static_cast<float>(std::tan(at))) << at;
  }
}

TEST(OnnxOps, InverseAndHyperbolicFunctionsAreAsExactAsTheirType) {
  struct Function {
    const char* name;
    double (*of)(double);
  };
  const Function functions[] = {{"Asin", std::asin},   {"Acos", std::acos},  {"Atan", std::atan},
                                {"Sinh", std::sinh},   {"Cosh", std::cosh},  {"Asinh", std::asinh},
                                {"Acosh", std::acosh}, {"Atanh", std::atanh}};
  const std::initializer_list<float> x = {-inf,  -1e30F, -80,  -2,   -1, -0.999F, -0.3F, -1e-7F, 0,
                                          1e-5F, 0.02F,  0.5F, 0.9F, 1,  1.001F,  3,     1e6F,   inf};
  for (const auto& [name, of] : functions) {
    const Tensor y = of_line(std::string(name) + "(x)", x);
    for (int64_t i = 0; i < y.count(); ++i) {
      const auto expected = static_cast<float>(of(x.begin()[i])), found = static_cast<float>(y.at(i));
      if (std::isnan(expected))
        EXPECT_TRUE(std::isnan(found)) << name << " of " << x.begin()[i];
      else
        EXPECT_FLOAT_EQ(found, expected) << name << " of " << x.begin()[i];
    }
  }
}

TEST(OnnxOps, OfNewerOpsets) {
  EXPECT_EQ(of_line("Relu(x)", {-1, 2}, 25), Tensor::of<float>({2}, {0, 2}));
  EXPECT_FLOAT_EQ(static_cast<float>(of_line("Swish <alpha = 2.0> (x)", {1}, 24).at(0)),
                  1 / (1 + std::exp(-2.0F)));
  EXPECT_EQ(of_line("Cast <to = 7, round_mode = \"up\"> (x)", {1.5F}, 24), Tensor::of<int64_t>({1}, {1}));
}

}  // namespace
}  // namespace sinter
