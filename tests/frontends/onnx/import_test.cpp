#include <gtest/gtest.h>

#include "frontends/onnx/read_model.h"
#include "ir/interpreter.h"
#include "ir/text.h"
#include "tests/frontends/onnx/model_file.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

std::string imported(std::string_view graph, std::string_view more = {},
                     const onnx::ImportOptions& options = {}) {
  return print(import_onnx(onnx_graph(graph, more), options).graph);
}

constexpr std::string_view weight =
    "graph { initializer { name: 'w' data_type: 1 dims: 2 dims: 1 dims: 1 dims: 1 float_data: [3, 4] } "
    "initializer { name: 'b' data_type: 1 dims: 2 float_data: [5, 6] } }";

TEST(OnnxImport, WeightsAreParametersUnderTheirOwnNames) {
  const auto model = import_onnx(onnx_graph(
      "g (float[N, 1, 4, 4] x) => (float[N, 2, 4, 4] y) { c = Conv(x, w, b) y = Relu(c) }", weight));
  EXPECT_EQ(print(model.graph),
            "graph g(%x: f32[N, 1, 4, 4]) -> (y: f32[N, 2, 4, 4]) {\n"
            "  param %w: f32[2, 1, 1, 1]\n"
            "  param %b: f32[2]\n"
            "  %1 = conv2d(%x, %w, %b) : f32[N, 2, 4, 4]  @ \"c\"\n"
            "  %2 = relu(%1) : f32[N, 2, 4, 4]  @ \"y\"\n"
            "  return %2\n"
            "}\n");
  EXPECT_EQ(model.weights.at("w"), Tensor::of<float>({2, 1, 1, 1}, {3, 4}));
  EXPECT_EQ(model.weights.at("b"), Tensor::of<float>({2}, {5, 6}));
}

TEST(OnnxImport, WeightsAreConstantsOnDemand) {
  EXPECT_EQ(imported("g (float[N, 1, 4, 4] x) => (float[N, 2, 4, 4] y) { y = Conv(x, w, b) }", weight,
                     {.trainable = false}),
            "graph g(%x: f32[N, 1, 4, 4]) -> (y: f32[N, 2, 4, 4]) {\n"
            "  const %1: f32[2, 1, 1, 1] = [3, 4]\n"
            "  const %2: f32[2] = [5, 6]\n"
            "  %3 = conv2d(%x, %1, %2) : f32[N, 2, 4, 4]  @ \"y\"\n"
            "  return %3\n"
            "}\n");
}

TEST(OnnxImport, RunningStatisticsAreStates) {
  EXPECT_EQ(
      imported(
          "g (float[N, 2] x) => (float[N, 2] y) { y = BatchNormalization <epsilon = 0.25> (x, s, t, m, v) }",
          "graph { initializer { name: 's' data_type: 1 dims: 2 float_data: [1, 2] }"
          " initializer { name: 't' data_type: 1 dims: 2 float_data: [3, 4] }"
          " initializer { name: 'm' data_type: 1 dims: 2 float_data: [5, 6] }"
          " initializer { name: 'v' data_type: 1 dims: 2 float_data: [7, 8] } }"),
      "graph g(%x: f32[N, 2]) -> (y: f32[N, 2]) {\n"
      "  param %s: f32[2]\n"
      "  param %t: f32[2]\n"
      "  state %m: f32[2]\n"
      "  state %v: f32[2]\n"
      "  %1 = reshape(%x) {shape = [-1, 2, 1, 1]} : f32[N, 2, 1, 1]  @ \"y\"\n"
      "  %2 = batch_norm(%1, %m, %v, %s, %t) {epsilon = 0.25} : f32[N, 2, 1, 1]  @ \"y\"\n"
      "  %3 = reshape(%2) {shape = [-1, 2]} : f32[N, 2]  @ \"y\"\n"
      "  return %3\n"
      "}\n");
}

// Reshape(x, Concat(Unsqueeze(Gather(Shape(x), 0)), -1)), as PyTorch writes x.view(x.size(0), -1).
TEST(OnnxImport, ArithmeticOnShapesKeepsTheBatchASymbol) {
  EXPECT_EQ(imported("g (float[N, 3, 4] x) => (float[N, 12] y) {"
                     " zero = Constant <value = int64 {0}> ()"
                     " axes = Constant <value = int64[1] {0}> ()"
                     " rest = Constant <value = int64[1] {-1}> ()"
                     " shape = Shape(x) n = Gather <axis = 0> (shape, zero) batch = Unsqueeze(n, axes)"
                     " to = Concat <axis = 0> (batch, rest) y = Reshape(x, to) }"),
            "graph g(%x: f32[N, 3, 4]) -> (y: f32[N, 12]) {\n"
            "  %1 = reshape(%x) {shape = [-1, 12]} : f32[N, 12]  @ \"y\"\n"
            "  return %1\n"
            "}\n");
}

TEST(OnnxImport, WhatDependsOnConstantsIsComputedOnce) {
  EXPECT_EQ(imported("g (float[2] x) => (float[2] y) {"
                     " a = Constant <value = float[2] {1, 2}> () b = Constant <value = float[2] {3, 4}> ()"
                     " c = Mul(a, b) d = Neg(c) y = Add(x, d) }"),
            "graph g(%x: f32[2]) -> (y: f32[2]) {\n"
            "  const %1: f32[2] = [-3, -8]\n"
            "  %2 = add(%x, %1) : f32[2]  @ \"y\"\n"
            "  return %2\n"
            "}\n");
}

TEST(OnnxImport, SymbolsAreGivenSizesOnDemand) {
  EXPECT_EQ(imported("g (float[batch, 2] x) => (float[batch, 2] y) { y = Relu(x) }", {},
                     {.symbols = {{"batch", 3}}}),
            "graph g(%x: f32[3, 2]) -> (y: f32[3, 2]) {\n"
            "  %1 = relu(%x) : f32[3, 2]  @ \"y\"\n"
            "  return %1\n"
            "}\n");
}

TEST(OnnxImport, NodesMayStandInAnyOrder) {
  EXPECT_EQ(imported("g (float[2] x) => (float[2] y) { y = Relu(z) z = Sigmoid(x) }"),
            "graph g(%x: f32[2]) -> (y: f32[2]) {\n"
            "  %1 = sigmoid(%x) : f32[2]  @ \"z\"\n"
            "  %2 = relu(%1) : f32[2]  @ \"y\"\n"
            "  return %2\n"
            "}\n");
}

// One element of each type that a file may have: 2, in raw bytes or in the field of its type.
struct StoredType {
  int number;
  std::string data;
  DType held;
};

TEST(OnnxImport, ReadsEveryElementType) {
  const StoredType types[] = {{1, R"(raw_data: "\000\000\000@")", DType::f32},
                              {1, "float_data: 2", DType::f32},
                              {2, "int32_data: 2", DType::u8},
                              {3, R"(raw_data: "\002")", DType::i8},
                              {4, "int32_data: 2", DType::i32},
                              {5, R"(raw_data: "\002\000")", DType::i32},
                              {6, "int32_data: 2", DType::i32},
                              {7, "int64_data: 2", DType::i64},
                              {10, "int32_data: 16384", DType::f32},
                              {11, "double_data: 2", DType::f64},
                              {12, "uint64_data: 2", DType::i64},
                              {13, "uint64_data: 2", DType::i64},
                              {16, R"(raw_data: "\000@")", DType::f32}};
  for (const StoredType& type : types) {
    const std::string more =
        fmt::format("graph {{ initializer {{ name: 'w' data_type: {} {} }} output {{ name: 'w' }} }}",
                    type.number, type.data);
    const auto model = import_onnx(onnx_graph("g (float[1] x) => () { unused = Relu(x) }", more));
    const Tensor& tensor = model.graph.info(model.graph.results()[0].value).constant;
    EXPECT_EQ(tensor, Tensor::scalar(type.held, 2)) << type.number;
  }
}

TEST(OnnxImport, ReadsDataBesideTheModel) {
  const TemporaryFolder folder;
  folder.file("weights.bin", std::string("....") + std::string("\0\0\0\x40\0\0\x80\x40", 8));
  const auto path = folder.file(
      "m.onnx",
      onnx_graph(
          "g (float[2] x) => (float[2] y) { y = Mul(x, w) }",
          "graph { initializer { name: 'w' data_type: 1 dims: 2 data_location: EXTERNAL "
          "external_data { key: 'location' value: 'weights.bin' } "
          "external_data { key: 'offset' value: '4' } external_data { key: 'length' value: '8' } } }"));
  const Graph graph = onnx::import_model(onnx::read_model(path)).graph;
  EXPECT_EQ(
      interpret(graph, {.inputs = {Tensor::of<float>({2}, {1, 10})}, .parameters = {}, .states = {}})[0],
      Tensor::of<float>({2}, {2, 40}));
}

// Planes of depth are convolved as channels and joined: by hand, a window of two slices, all ones.
TEST(OnnxImport, ConvolvesVolumes) {
  const Graph graph =
      import_onnx(onnx_graph("g (float[N, 1, 3, 1, 2] x) => (float[N, 1, 2, 1, 2] y) { y = Conv(x, w) }",
                             "graph { initializer { name: 'w' data_type: 1 dims: 1 dims: 1 dims: 2 "
                             "dims: 1 dims: 1 float_data: [1, 1] } }"),
                  {.trainable = false, .symbols = {{"N", 1}}})
          .graph;
  const Tensor x = Tensor::of<float>({1, 1, 3, 1, 2}, {1, 2, 10, 20, 100, 200});
  EXPECT_EQ(interpret(graph, {.inputs = {x}, .parameters = {}, .states = {}})[0],
            Tensor::of<float>({1, 1, 2, 1, 2}, {11, 22, 110, 220}));
}

// The batch stays a symbol in what is composed of several ops, too.
TEST(OnnxImport, ComposedOpsKeepTheBatchASymbol) {
  const auto type_of = [](std::string_view graph, std::string_view more = {}) {
    const auto model = import_onnx(onnx_graph(graph, more));
    return to_string(model.graph.type(model.graph.results()[0].value));
  };
  EXPECT_EQ(type_of("g (float[N, 4, 6] x) => (y) { y = MaxPool <kernel_shape = [2], strides = [2]> (x) }"),
            "f32[N, 4, 3]");
  EXPECT_EQ(type_of("g (float[N, 4, 6, 6, 6] x) => (y) { y = AveragePool <kernel_shape = [2, 2, 2]> (x) }"),
            "f32[N, 4, 5, 5, 5]");
  EXPECT_EQ(type_of("g (float[N, 4, 6] x) => (y) { y = ReduceMax <axes = [2], keepdims = 0> (x) }"),
            "f32[N, 4]");
  EXPECT_EQ(type_of("g (float[N, 4, 6, 6] x) => (y) { s = Constant <value = float[4] {1, 1, 2, 2}> ()"
                    " y = Resize <mode = \"linear\"> (x, , s) }"),
            "f32[N, 4, 12, 12]");
  EXPECT_EQ(
      type_of("g (float[N, 4, 6, 6] x) => (y) { p = Constant <value = int64[8] {0, 0, 1, 2, 0, 0, 3, 4}> ()"
              " y = Pad <mode = \"edge\"> (x, p) }"),
      "f32[N, 4, 10, 12]");
  EXPECT_EQ(type_of("g (float[N, 8, 6, 6] x) => (y) { y = DepthToSpace <blocksize = 2> (x) }"),
            "f32[N, 2, 12, 12]");
  EXPECT_EQ(type_of("g (float[N, 8, 6] x) => (y) { y = LRN <size = 3> (x) }"), "f32[N, 8, 6]");
}

// As PyTorch exports with training=TRAINING: the statistics have names that nothing reads.
TEST(OnnxImport, ModelsInTrainingModeAreTakenForWhatTheyAreInInference) {
  constexpr std::string_view statistics =
      "graph { initializer { name: 's' data_type: 1 dims: 2 float_data: [1, 2] }"
      " initializer { name: 't' data_type: 1 dims: 2 float_data: [3, 4] }"
      " initializer { name: 'm' data_type: 1 dims: 2 float_data: [5, 6] }"
      " initializer { name: 'v' data_type: 1 dims: 2 float_data: [7, 8] } }";
  const std::string of_17 =
      "g (float[N, 2, 1, 1] x) => (y) {"
      " b, m1, v1 = BatchNormalization <training_mode = 1> (x, s, t, m, v)"
      " r = Constant <value = float {0.25}> () on = Constant <value = bool {1}> ()"
      " y, mask = Dropout(b, r, on) }";
  const auto model = import_onnx(onnx_graph(of_17, statistics));
  EXPECT_EQ(print(model.graph),
            "graph g(%x: f32[N, 2, 1, 1]) -> (y: f32[N, 2, 1, 1]) {\n"
            "  param %s: f32[2]\n"
            "  param %t: f32[2]\n"
            "  state %m: f32[2]\n"
            "  state %v: f32[2]\n"
            "  %1 = batch_norm(%x, %m, %v, %s, %t) : f32[N, 2, 1, 1]  @ \"b\"\n"
            "  %2 = dropout(%1) {p = 0.25} : f32[N, 2, 1, 1]  @ \"y\"\n"
            "  return %2\n"
            "}\n");
  EXPECT_EQ(model.for_training, (std::vector<std::string>{"node \"b\" (BatchNormalization, node 1)",
                                                          "node \"y\" (Dropout, node 4)"}));
  const auto of_13 =
      import_onnx(onnx_model("<ir_version: 7, opset_import: [\"\" : 13]> g (float[N, 2, 1, 1] x) => (y) {"
                             " y, m1, v1, m2, v2 = BatchNormalization(x, s, t, m, v) }",
                             statistics));
  EXPECT_EQ(of_13.for_training.size(), 1);
  EXPECT_EQ(of_13.graph.states().size(), 2);
}

}  // namespace
}  // namespace sinter
