#include <gtest/gtest.h>
#include <sys/stat.h>

#include "frontends/onnx/import.h"
#include "frontends/onnx/read_model.h"
#include "tests/frontends/onnx/model_file.h"
#include "tests/runtime/temporary_folder.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

class OnnxErrors : public testing::Test {
 protected:
  // The message without the folder's name.
  std::string error_of(const std::string& bytes) {
    const auto path = folder_.file("m.onnx", bytes);
    try {
      onnx::import_model(onnx::read_model(path));
    } catch (const InputError& error) {
      std::string text = error.what();
      const std::string prefix = folder_.path().string() + "/";
      for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
        text.erase(at, prefix.size());
      return text;
    }
    return "no error";
  }
  std::string error_of_graph(std::string_view graph, std::string_view more = {}) {
    return error_of(onnx_graph(graph, more));
  }

  TemporaryFolder folder_;
};

TEST_F(OnnxErrors, OfTheFile) {
  EXPECT_EQ(error_of(""), "m.onnx: an empty file; expected an ONNX model as a protobuf message");
  EXPECT_EQ(error_of("\xff\xff\xff"),
            "m.onnx: cut off, damaged, or messages in each other more than 1000 deep; expected an ONNX model "
            "as a protobuf message");
  const std::string whole = onnx_graph("g (float[2] x) => (float[2] y) { y = Relu(x) }");
  EXPECT_EQ(error_of(whole.substr(0, whole.size() - 3)),
            "m.onnx: cut off, damaged, or messages in each other more than 1000 deep; expected an ONNX model "
            "as a protobuf message");
  EXPECT_EQ(error_of(std::string("\x08\x07", 2)), "m.onnx: no graph; expected an ONNX model");
  EXPECT_THROW(onnx::read_model(folder_ / "none.onnx"), InputError);
  EXPECT_THROW(onnx::read_model(folder_.path()), InputError);
}

TEST_F(OnnxErrors, OfOpsetsAndOps) {
  EXPECT_EQ(error_of(onnx_model(
                "<ir_version: 8, opset_import: [\"\" : 99]> g (float[2] x) => (float[2] y) { y = Relu(x) }")),
            "m.onnx: opset 99; expected 1 to 25");
  EXPECT_EQ(error_of(onnx_model(
                "<ir_version: 8, opset_import: [\"\" : 5]> g (float[2] x) => (float[2] y) { y = Relu(x) }")),
            "m.onnx: node \"y\" (Relu, node 1): Relu is known from opset 6 on; the model is of opset 5");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { y = Gru(x) }"),
            "m.onnx: node \"y\" (Gru, node 1): op Gru is not supported");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { z = Relu(x) y = If(z) }"),
            "m.onnx: node \"y\" (If, node 2): control flow (If) is not supported");
  EXPECT_EQ(error_of(onnx_model("<ir_version: 8, opset_import: [\"\" : 17, \"my\" : 1]> g (float[2] x) => "
                                "(float[2] y) { y = my.Op(x) }")),
            "m.onnx: node \"y\" (my.Op, node 1): ops of domain \"my\" are not supported");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { y = Twice(x) }", "functions { name: 'Twice' }"),
            "m.onnx: node \"y\" (Twice, node 1): \"Twice\" is a function of the model; functions are not "
            "supported");
}

TEST_F(OnnxErrors, OfAttributes) {
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { y = Elu <alpha = 1> (x) }"),
            "m.onnx: node \"y\" (Elu, node 1): attribute alpha is of type INT; expected FLOAT\n"
            "  input 0   \"x\": f32[2], input");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { y = Relu <slope = 1> (x) }"),
            "m.onnx: node \"y\" (Relu, node 1): attribute slope is not one of Relu in opset 17\n"
            "  input 0   \"x\": f32[2], input");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { y = Softmax <axis = 7> (x) }"),
            "m.onnx: node \"y\" (Softmax, node 1): axis 7 of a value of 1 dimensions\n"
            "  input 0   \"x\": f32[2], input");
}

TEST_F(OnnxErrors, AreAsTheDocumentationPrintsThem) {
  const std::string doc = content_of(source_path("docs/onnx.md")), file = "net.onnx";
  const size_t begin = doc.find("\n" + file + ": ") + 1 + file.size();
  EXPECT_EQ(error_of_graph("g (float[N, 3, 8, 8] x) => (float[N, 1, 8, 8] y) { }",
                           "graph { node { name: 'relu1' op_type: 'Relu' input: 'x' output: 'r' } "
                           "node { name: 'conv2' op_type: 'Conv' input: 'r' input: 'w' output: 'y' } "
                           "initializer { name: 'w' data_type: 1 dims: 1 dims: 2 dims: 1 dims: 1 "
                           "float_data: [1, 1] } }"),
            "m.onnx" + doc.substr(begin, doc.find("\n```", begin) - begin));
}

TEST_F(OnnxErrors, OfShapesNameTheNodeItsInputsAndWhereTheyComeFrom) {
  EXPECT_EQ(error_of_graph("g (float[N, 3, 8, 8] x) => (float[N, 1, 8, 8] y) { r = Relu(x) y = Conv(r, w) }",
                           "graph { initializer { name: 'w' data_type: 1 dims: 1 dims: 2 dims: 1 dims: 1 "
                           "float_data: [1, 1] } }"),
            "m.onnx: node \"y\" (Conv, node 2): conv2d: weight expects 2 input channels, x has 3\n"
            "  input 0   \"r\": f32[N, 3, 8, 8], node \"r\"\n"
            "  input 1   \"w\": f32[1, 2, 1, 1], initializer\n"
            "  rule      C == I * groups   (3 != 2 * 1)");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[3] y) { y = Relu(x) }"),
            "m.onnx: output \"y\" is declared as f32[3]; its nodes make f32[2]");
  EXPECT_EQ(error_of_graph(
                "g (float[N, 2] x) => (float[N, 2] y) { s = Shape(x) t = Cast <to = 1> (s) y = Mul(x, t) }"),
            "m.onnx: node \"t\" (Cast, node 2): input 0 (\"s\") is a shape, [N, 2], which has no numbers "
            "before its "
            "symbols have\n"
            "  input 0   \"s\": shape [N, 2], node \"s\"");
  EXPECT_EQ(error_of_graph("g (float[2] x, int64[1] s) => (float[2] y) { y = Reshape(x, s) }"),
            "m.onnx: node \"y\" (Reshape, node 1): shape (input 1, \"s\") is computed as the model runs; "
            "expected a "
            "constant\n"
            "  input 0   \"x\": f32[2], input\n"
            "  input 1   \"s\": i64[1], input");
}

TEST_F(OnnxErrors, OfTheGraph) {
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { a = Add(x, b) b = Relu(a) y = Relu(b) }"),
            "m.onnx: node \"a\" (Add, node 1): reads what depends on its own output");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { y = Add(x, nowhere) }"),
            "m.onnx: node \"y\" (Add, node 1): input \"nowhere\" is no input of the model, no initializer "
            "and no output "
            "of a node");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] y) { y = Relu(x) y = Sigmoid(x) }"),
            "m.onnx: node \"y\" (Sigmoid, node 2): output \"y\" is also made by node \"y\" (Relu, node 1)");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (float[2] z) { y = Relu(x) }"),
            "m.onnx: output \"z\" is no input, no initializer and no output of a node");
  EXPECT_EQ(error_of_graph("g (float[2] x, float[2] x) => (float[2] y) { y = Relu(x) }"),
            "m.onnx: the name \"x\" stands twice in graph \"g\"");
}

// What is well formed and yet no model.
TEST_F(OnnxErrors, OfModelsThatContradictThemselves) {
  const std::string_view graph = "g (float[2, 3] x) => (y) { c = Relu(x) y = Relu(c) }";
  EXPECT_EQ(error_of_graph("g (float[2] x) => () { y = Relu(x) }"),
            "m.onnx: no outputs; expected at least one");
  EXPECT_EQ(error_of_graph(graph, "ir_version: 99"),
            "m.onnx: format version 99 (ir_version); expected at most 13");
  EXPECT_EQ(error_of_graph(graph, "opset_import { domain: 'ai.onnx' version: 11 }"),
            "m.onnx: opsets 17 and 11 of domain \"\"; expected one");
  EXPECT_EQ(error_of_graph(graph, "opset_import { domain: '' version: 17 }"), "no error");
  EXPECT_EQ(error_of_graph(graph,
                           "graph { value_info { name: 'c' type { tensor_type { elem_type: 1 shape { "
                           "dim { dim_value: 2 } dim { dim_value: 9 } } } } } }"),
            "m.onnx: value \"c\" of node \"c\" is declared as f32[2, 9]; it is f32[2, 3]");
  EXPECT_EQ(error_of_graph(graph,
                           "graph { value_info { name: 'c' type { tensor_type { elem_type: 1 shape { "
                           "dim { dim_param: 'n' } dim { dim_value: 3 } } } } } }"),
            "no error");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (y) { y = Add(x, w) }",
                           "graph { initializer { name: 'w' data_type: 1 dims: 1 float_data: 1 "
                           "raw_data: '1234' } }"),
            "m.onnx: initializer \"w\": data in both raw_data and float_data; expected one of them");
  EXPECT_EQ(error_of_graph("g (float[2] x) => (y) { y = Relu(x) }",
                           "graph { node { op_type: 'Elu' input: 'x' output: 'z' attribute { name: 'alpha' "
                           "type: FLOAT f: 2 ref_attr_name: 'a' } } }"),
            "m.onnx: node \"z\" (Elu, node 2): attribute alpha is that of a function, \"a\", and the node is "
            "in none");
}

TEST_F(OnnxErrors, OfAxesAndNumbersThatCannotBe) {
  const auto of_node = [&](std::string_view node, std::string_view constants = "") {
    std::string error =
        error_of_graph(fmt::format("g (float[2, 3, 4] x) => (y) {{ {} y = {} }}", constants, node));
    error.resize(std::min(error.find('\n'), error.size()));
    return error.substr(error.find(": ", error.find("node ")) + 2);
  };
  EXPECT_EQ(of_node("Transpose <perm = [0, 0, 1]> (x)"),
            "transpose: [0, 0, 1] is no permutation of x's 3 dimensions");
  EXPECT_EQ(of_node("Transpose <perm = [0, 1, 3]> (x)"),
            "transpose: [0, 1, 3] is no permutation of x's 3 dimensions");
  EXPECT_EQ(of_node("ReduceMean <axes = [0, -3]> (x)"), "axes [0, 0] have one twice");
  EXPECT_EQ(of_node("Slice(x, zeros, ones, zeros)",
                    "zeros = Constant <value = int64[2] {0, 0}> () "
                    "ones = Constant <value = int64[2] {1, 1}> ()"),
            "axes [0, 0] have one twice");
  EXPECT_EQ(of_node("Dropout(x, r)", "r = Constant <value = float {5}> ()"), "ratio is 5; expected 0 to 1");
  EXPECT_EQ(of_node("Unsqueeze(x, a)", "a = Constant <value = int64[6] {3, 4, 5, 6, 7, 8}> ()"),
            "9 dimensions, [2, 3, 4, 1, 1, 1, 1, 1, 1]; at most 8 are supported");
  const auto of_integers = [&](std::string_view op, int64_t a, int64_t b) {
    return of_node(fmt::format("{}(a, b)", op), fmt::format("a = Constant <value = int64[1] {{{}}}> () "
                                                            "b = Constant <value = int64[1] {{{}}}> ()",
                                                            a, b));
  };
  EXPECT_EQ(of_integers("Div", 5, 0), "a division of integers by 0");
  EXPECT_EQ(of_integers("Mod", 5, 0), "a division of integers by 0");
  EXPECT_EQ(
      of_node("Div(a, b)", "a = Constant <value = int8[1] {-128}> () b = Constant <value = int8[1] {-1}> ()"),
      "-128 / -1 does not fit i8");
  EXPECT_EQ(of_integers("Pow", 0, -1), "0 to the power of -1 is no integer");
}

// Graphs in graphs are read, and what they belong to is named.
TEST_F(OnnxErrors, OfDeepNests) {
  std::string inner = "g { node { op_type: 'Relu' input: 'x' output: 'y' } }";
  for (int i = 0; i < 60; ++i)
    inner = "g { node { op_type: 'If' input: 'x' output: 'y' attribute { name: 'then_branch' type: GRAPH " +
            inner + " } } }";
  EXPECT_EQ(
      error_of_graph("g (float[2] x) => (y) { y = Relu(x) }",
                     "graph { node { op_type: 'If' input: 'x' output: 'z' attribute { name: 'then_branch' "
                     "type: GRAPH " +
                         inner + " } } }"),
      "m.onnx: node \"z\" (If, node 2): control flow (If) is not supported");
}

TEST_F(OnnxErrors, OfTensors) {
  const auto error = [&](const std::string& tensor) {
    return error_of_graph("g (float[2] x) => (float[2] y) { y = Add(x, w) }",
                          "graph { initializer { name: 'w' " + tensor + " } }");
  };
  EXPECT_EQ(error("data_type: 1 dims: 2 float_data: [1, 2, 3]"),
            "m.onnx: initializer \"w\": 12 bytes of data; expected 8 for 2 elements of FLOAT, shape [2]");
  EXPECT_EQ(error("data_type: 1 dims: -2 float_data: [1]"),
            "m.onnx: initializer \"w\": shape [-2]; expected sizes of 0 or more");
  EXPECT_EQ(
      error("data_type: 1 dims: 4611686018427387904 dims: 4611686018427387904 float_data: [1]"),
      "m.onnx: initializer \"w\": a tensor of 4611686018427387904 x 4611686018427387904 elements cannot be");
  EXPECT_EQ(error("data_type: 8 dims: 1 string_data: 'a'"),
            "m.onnx: initializer \"w\": elements of STRING; expected floating or integer numbers, or BOOL");
  EXPECT_EQ(error("data_type: 77 dims: 1"),
            "m.onnx: initializer \"w\": elements of type 77; expected floating or integer numbers, or BOOL");
  EXPECT_EQ(error("data_type: 2 dims: 1 int32_data: 300"),
            "m.onnx: initializer \"w\": element 0 is 300, outside of its type");
  EXPECT_EQ(
      error(
          "data_type: 1 dims: 1 float_data: 1 } initializer { name: 'w' data_type: 1 dims: 1 float_data: 1"),
      "m.onnx: initializer \"w\": the name stands twice");
}

TEST_F(OnnxErrors, OfExternalData) {
  folder_.file("w.bin", "1234");
  std::filesystem::create_symlink("/etc/passwd", folder_ / "link.bin");
  const auto error = [&](const std::string& entries) {
    return error_of_graph(
        "g (float[2] x) => (float[2] y) { y = Add(x, w) }",
        "graph { initializer { name: 'w' data_type: 1 dims: 2 data_location: EXTERNAL " + entries + " } }");
  };
  const auto at = [](const std::string& location) {
    return "external_data { key: 'location' value: '" + location + "' }";
  };
  EXPECT_EQ(error(""), "m.onnx: initializer \"w\": external data without a location");
  for (const std::string outside : {"../w.bin", "/etc/passwd", "link.bin", "a/../../w.bin"})
    EXPECT_EQ(error(at(outside)), "m.onnx: initializer \"w\": external data in \"" + outside +
                                      "\"; expected a file inside the model's folder");
  EXPECT_EQ(error(at("none.bin")),
            "m.onnx: initializer \"w\": cannot read none.bin: No such file or directory");
  ASSERT_EQ(mkfifo((folder_ / "pipe.bin").c_str(), 0600),
            0);  // nobody writes: who waits for it waits for ever
  EXPECT_EQ(error(at("pipe.bin")),
            "m.onnx: initializer \"w\": cannot read pipe.bin: a pipe, socket or device; expected a file");
  EXPECT_EQ(error(at("w.bin")), "m.onnx: initializer \"w\": 8 bytes at 0 of \"w.bin\", which has 4");
  EXPECT_EQ(error(at("w.bin") + "external_data { key: 'offset' value: '9223372036854775807' }"),
            "m.onnx: initializer \"w\": 8 bytes at 9223372036854775807 of \"w.bin\", which has 4");
  EXPECT_EQ(error(at("w.bin") + "external_data { key: 'offset' value: '-1' }"),
            "m.onnx: initializer \"w\": offset \"-1\" of external data; expected a number of bytes");
  EXPECT_EQ(error(at("w.bin") + "external_data { key: 'length' value: '4' }"),
            "m.onnx: initializer \"w\": length 4 in file \"w.bin\"; expected 8 bytes, shape [2] of FLOAT");
}

// Each constant twice the one before: refused before it takes gigabytes.
TEST_F(OnnxErrors, OfConstantsThatGrow) {
  std::string graph = "g (float[1] x) => (y) { c0 = Constant <value = float[1024] {" + std::string("0");
  for (int i = 1; i < 1024; ++i) graph += ", 0";
  graph += "}> ()";
  for (int i = 0; i < 18; ++i) graph += fmt::format(" c{} = Concat <axis = 0> (c{}, c{})", i + 1, i, i);
  const std::string error = error_of_graph(graph + " y = Add(x, c18) }");
  EXPECT_TRUE(error.starts_with(
      "m.onnx: node \"c17\" (Concat, node 18): a constant of f32[134217728], 536870912 bytes; "))
      << error;
}

// Nothing of that size is allocated.
TEST_F(OnnxErrors, OfConstantsThatAreTooLarge) {
  EXPECT_EQ(
      error_of_graph("g (float[2] x) => (float[2] y) { s = Constant <value = int64[2] {1000000, 1000000}> ()"
                     " c = ConstantOfShape(s) y = Add(x, c) }"),
      "m.onnx: node \"c\" (ConstantOfShape, node 2): a constant of shape [1000000, 1000000], 1000000000000 "
      "elements; at most 134217728 are made when a model is read\n"
      "  input 0   \"s\": i64[2], node \"s\"");
  EXPECT_EQ(
      error_of_graph("g (float[2] x) => (float[2] y) { s = Constant <value = int64[2] {1000000, 1000000}> ()"
                     " o = Constant <value = float[1] {1}> () c = Expand(o, s) y = Add(x, c) }"),
      "m.onnx: node \"c\" (Expand, node 3): a value of f32[1000000, 1000000], 4000000000000 bytes, is "
      "more than 1099511627776\n"
      "  input 0   \"o\": f32[1], node \"o\"\n"
      "  input 1   \"s\": i64[2], node \"s\"");
}

}  // namespace
}  // namespace sinter
