#include <gtest/gtest.h>

#include "tests/frontends/onnx/model_file.h"

/// What models compute of shapes whose batch is a symbol.
namespace sinter {
namespace {

std::string type_of(std::string_view graph, std::string_view more = {}) {
  const auto model = import_onnx(onnx_graph(graph, more));
  return to_string(model.graph.type(model.graph.results()[0].value));
}

std::string error_of(std::string_view graph) {
  try {
    import_onnx(onnx_graph(graph));
  } catch (const InputError& error) {
    return error.message();
  }
  return "no error";
}

// F.interpolate(x, size=other.shape[-2:]): the batch is x's own, as is the number of channels.
constexpr std::string_view resize_like =
    " sx = Shape(x) so = Shape(other)"
    " zero = Constant <value = int64[1] {0}> () two = Constant <value = int64[1] {2}> ()"
    " four = Constant <value = int64[1] {4}> ()"
    " front = Slice(sx, zero, two) back = Slice(so, two, four)"
    " sizes = Concat <axis = 0> (front, back) y = Resize(x, , , sizes) }";

TEST(OnnxShapes, ResizeToTheSizeOfAnotherValue) {
  const std::string graph = "g (float[N, 1, 1, 2] x, float[N, 3, 2, 4] other) => (float[N, 1, 2, 4] y) {" +
                            std::string(resize_like);
  EXPECT_EQ(type_of(graph), "f32[N, 1, 2, 4]");
  EXPECT_EQ(
      run_onnx(onnx_graph(graph), {Tensor::of<float>({1, 1, 1, 2}, {1, 2}), Tensor(DType::f32, {1, 3, 2, 4})},
               {.symbols = {{"N", 1}}}),
      Tensor::of<float>({1, 1, 2, 4}, {1, 1, 2, 2, 1, 1, 2, 2}));
}

TEST(OnnxShapes, ResizeToASymbolIsRefused) {
  EXPECT_EQ(error_of("g (float[N, 1, 1, 2] x, float[N, 3, H, 4] other) => (y) {" + std::string(resize_like)),
            "node \"y\" (Resize, node 9): dimension 2 of 1 is to become the symbol H; expected a number");
}

// cls.expand(x.shape[0], -1, -1), as PyTorch writes it.
constexpr std::string_view expand_to_batch =
    "g (float[N, 2, 3] x) => (float[N, 1, 3] y) {"
    " zero = Constant <value = int64 {0}> () axes = Constant <value = int64[1] {0}> ()"
    " all = Constant <value = int64[1] {-1}> () minus = Constant <value = int64 {-1}> ()"
    " cls = Constant <value = float[1, 1, 3] {1, 2, 3}> ()"
    " shape = Shape(x) n = Gather(shape, zero) batch = Unsqueeze(n, axes)"
    " joined = Concat <axis = 0> (batch, all, all) to = Reshape(joined, all) rank = Shape(to)"
    " ones = ConstantOfShape <value = int64[1] {1}> (rank) none = Mul(ones, minus)"
    " kept = Equal(to, none) wanted = Where(kept, ones, to) y = Expand(cls, wanted) }";

TEST(OnnxShapes, ExpandToTheBatch) {
  EXPECT_EQ(type_of(expand_to_batch), "f32[N, 1, 3]");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(run_onnx(onnx_graph(expand_to_batch),
                     {Tensor::of<float>({2, 2, 3}, {nan, 1, 1, 1, 1, 1, nan, 2, 2, 2, 2, 2})},
                     {.symbols = {{"N", 2}}}),
            Tensor::of<float>({2, 1, 3}, {1, 2, 3, 1, 2, 3}));
}

// The same before the batch is known: the interpreter takes the sizes of what it is fed.
TEST(OnnxShapes, WidensValuesThatHaveTheBatchThemselves) {
  EXPECT_EQ(type_of("g (float[N, 1, H, 3] x) => (y) { to = Constant <value = int64[4] {1, 5, 1, 3}> ()"
                    " y = Expand(x, to) }"),
            "f32[N, 5, H, 3]");
  EXPECT_EQ(type_of("g (int64[N, H] x) => (y) { s = Shape(x) one = Constant <value = float[1] {1}> ()"
                    " y = Expand(one, s) }"),
            "f32[N, H]");
}

TEST(OnnxShapes, ConstantsAndCopiesOfTheBatch) {
  EXPECT_EQ(type_of("g (float[N, 3] x) => (y) { s = Shape(x) y = ConstantOfShape(s) }"), "f32[N, 3]");
  EXPECT_EQ(type_of("g (float[N, 3] x) => (y) { zero = Constant <value = int64[1] {0}> ()"
                    " two = Constant <value = int64[1] {2}> () w = Constant <value = float[1, 2] {1, 2}> ()"
                    " s = Shape(x) n = Gather(s, zero) times = Concat <axis = 0> (n, two)"
                    " y = Tile(w, times) }"),
            "f32[N, 4]");
  EXPECT_EQ(error_of("g (float[N, 3] x) => (y) { w = Constant <value = float[2, 1] {1, 2}> ()"
                     " s = Shape(x) y = Tile(w, s) }"),
            "node \"y\" (Tile, node 3): N repeats of a dimension of 2; expected 1");
}

TEST(OnnxShapes, ProductsOfSizes) {
  EXPECT_EQ(type_of("g (float[N, 3, 4] x) => (y) { i = Constant <value = int64[2] {1, 2}> ()"
                    " rest = Constant <value = int64[1] {-1}> () s = Shape(x) hw = Gather(s, i)"
                    " p = ReduceProd <keepdims = 1> (hw) to = Concat <axis = 0> (rest, p)"
                    " y = Reshape(x, to) }"),
            "f32[N, 12]");
  EXPECT_EQ(error_of("g (float[N, 3] x) => (y) { s = Shape(x) p = ReduceProd(s) y = Reshape(x, p) }"),
            "node \"p\" (ReduceProd, node 2): ReduceProd of N and 3, which is no number before the symbols "
            "are");
}

TEST(OnnxShapes, WhatSymbolsLeaveOpenIsRefused) {
  EXPECT_EQ(error_of("g (float[N, 3] x) => (y) { three = Constant <value = int64[2] {3, 3}> () s = Shape(x)"
                     " e = Equal(s, three) y = Where(e, x, x) }"),
            "node \"e\" (Equal, node 3): whether N is 3 is not known before the symbols are");
}

}  // namespace
}  // namespace sinter
