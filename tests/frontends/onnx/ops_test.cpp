#include <gtest/gtest.h>

#include "tests/frontends/onnx/model_file.h"

/// Numbers of ops that no case of ONNX's own has, or that have meant something else.
namespace sinter {
namespace {

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

}  // namespace
}  // namespace sinter
