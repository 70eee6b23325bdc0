#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "runtime/files/npy.h"
#include "runtime/files/safetensors.h"
#include "tests/cli/program.h"
#include "tests/frontends/onnx/model_file.h"

/// An .onnx file in the place of a model.
namespace sinter {
namespace {

class OnnxModel : public testing::Test {
 protected:
  OnnxModel() {
    folder_.file(
        "m.onnx",
        onnx_graph("g (float[N, 2] x) => (float[N, 2] y) { y = Gemm <transB = 1> (x, w, b) }",
                   "graph { initializer { name: 'w' data_type: 1 dims: 2 dims: 2 float_data: [1, 2, 3, 4] } "
                   "initializer { name: 'b' data_type: 1 dims: 2 float_data: [10, 20] } }"));
    folder_.file("x.pb", onnx_tensor(Tensor::of<float>({1, 2}, {1, 1})));
  }

  TemporaryFolder folder_;
  const std::string model_ = (folder_ / "m.onnx").string();
};

std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{}{}", i == 0 ? "" : ", ", i % 5 - 2);
  return text;
}

TEST_F(OnnxModel, RunsWithItsOwnWeights) {
  const auto run = [&](const std::string& input) {
    const Outcome outcome = run_program({"run", model_, "--input", "x=" + (folder_ / input).string(),
                                         "--output", (folder_ / "out").string()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_npy(folder_ / "out/y.npy");
  };
  EXPECT_EQ(run("x.pb"), Tensor::of<float>({1, 2}, {13, 27}));
  write_npy(folder_ / "x.npy", Tensor::of<float>({2, 2}, {1, 0, 0, 1}));
  EXPECT_EQ(run("x.npy"), Tensor::of<float>({2, 2}, {11, 23, 12, 24}));
}

TEST_F(OnnxModel, IsShownAndTimed) {
  const Outcome summary = run_program({"summary", model_});
  EXPECT_EQ(summary.exit_code, 0) << summary.err;
  EXPECT_NE(summary.out.find("linear"), std::string::npos) << summary.out;
  const Outcome graph = run_program({"inspect", model_, "--stage", "parsed"});
  EXPECT_EQ(graph.out,
            "graph g(%x: f32[N, 2]) -> (y: f32[N, 2]) {\n"
            "  param %w: f32[2, 2]\n"
            "  param %b: f32[2]\n"
            "  %1 = linear(%x, %w, %b) : f32[N, 2]  @ \"y\"\n"
            "  return %1\n"
            "}\n");
  EXPECT_EQ(run_program({"bench", model_, "--repeat", "1"}).exit_code, 0);
}

TEST_F(OnnxModel, SizesAreSetForSymbols) {
  const Outcome graph = run_program({"inspect", model_, "--stage", "parsed", "--set", "N=3"});
  EXPECT_NE(graph.out.find("%x: f32[3, 2]"), std::string::npos) << graph.out << graph.err;
  expect_input_error({"summary", model_, "--set", "N=many"}, "--set N=many: expected a size of 1 or more");
  expect_input_error({"summary", model_, "--set", "M=2"}, model_ + ": no input has the symbol \"M\"");
}

// What is written is read again and gives the same numbers; batch norm folded or not.
TEST_F(OnnxModel, IsWrittenAndReadAgain) {
  const auto run = [&](const std::string& model, const std::string& weights, const std::string& out) {
    std::vector<std::string> words = {"run",      model,
                                      "--input",  "image=" + (folder_ / "image.npy").string(),
                                      "--output", (folder_ / out).string()};
    if (!weights.empty()) words.insert(words.end(), {"--weights", weights});
    const Outcome outcome = run_program(words);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_npy(folder_ / (out + "/output.npy"));
  };
  const std::string net = folder_.file(
      "net.sinter",
      "model net() {\n  input image: f32[N, 1, 8, 8]\n"
      "  image | conv2d(4, kernel_size=3, bias=false) | batch_norm | relu | flatten | linear(4)\n}\n");
  const std::string weights = folder_ / "net.safetensors";
  Tensor image(DType::f32, {3, 1, 8, 8});
  for (int64_t i = 0; i < image.count(); ++i) image.set(i, static_cast<double>(i % 17) / 17);
  write_npy(folder_ / "image.npy", image);
  Tensor pixels(DType::u8, {3, 1, 8, 8});
  for (int64_t i = 0; i < pixels.count(); ++i) pixels.set(i, static_cast<double>(i * 7 % 251));
  write_npy(folder_ / "pixels.npy", pixels);
  write_npy(folder_ / "labels.npy", Tensor::of<int64_t>({3}, {1, 2, 3}));
  const std::string pair = (folder_ / "pixels.npy").string() + "," + (folder_ / "labels.npy").string();
  const Outcome trained = run_program({"train", net, "--data", "npy:" + pair + "," + pair, "--epochs", "3",
                                       "--batch-size", "3", "--save", weights});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Tensor expected = run(net, weights, "described");
  for (const char* option : {"--log-level=info", "--fold-batch-norm"}) {
    const std::string file = folder_ / "net.onnx";
    const Outcome outcome = run_program({"export", net, "--weights", weights, "-o", file, option});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const Tensor found = run(file, "", "read");
    for (int64_t i = 0; i < expected.count(); ++i) EXPECT_NEAR(found.at(i), expected.at(i), 1e-5) << option;
  }
  const std::string graph = run_program({"inspect", folder_ / "net.onnx", "--stage", "parsed"}).out;
  EXPECT_NE(graph.find("param %0.bias: f32[4]"), std::string::npos) << graph;
  EXPECT_EQ(graph.find("batch_norm"), std::string::npos) << graph;
  expect_input_error({"export", net, "--log-level", "quiet", "-o", (folder_ / "none/net.onnx").string()},
                     fmt::format("cannot write {}: there is no folder {}",
                                 (folder_ / "none/net.onnx").string(), (folder_ / "none").string()));
}

TEST_F(OnnxModel, PartsOfItAreTrained) {
  const auto image = folder_ / "image.npy", labels = folder_ / "labels.npy";
  write_npy(image, Tensor::of<uint8_t>({4, 1, 1, 2}, {1, 20, 30, 40, 50, 60, 70, 80}));
  write_npy(labels, Tensor::of<int64_t>({4}, {0, 1, 0, 1}));
  const std::string two = folder_.file(
      "two.onnx",
      onnx_graph("g (float[N, 1, 1, 2] x) => (float[N, 2] y, float[N, 2] z) { f = Flatten(x)"
                 " y = Gemm <transB = 1> (f, w, b) z = Gemm <transB = 1> (y, v) }",
                 "graph { initializer { name: 'w' data_type: 1 dims: 2 dims: 2 float_data: [1, 2, 3, 4] } "
                 "initializer { name: 'b' data_type: 1 dims: 2 float_data: [10, 20] } "
                 "initializer { name: 'v' data_type: 1 dims: 2 dims: 2 float_data: [1, 2, 3, 5] } }"));
  const auto train = [&](std::vector<std::string> more) {
    const std::string pair = image.string() + "," + labels.string();
    std::vector<std::string> words = {"train",    two, "--data",       "npy:" + pair + "," + pair,
                                      "--epochs", "1", "--batch-size", "4"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  expect_input_error(train({}), "model \"g\" has 2 outputs, y, z: --output NAME says which is trained");
  expect_input_error(train({"--output", "q"}), "--output q: model \"g\" has y, z");
  expect_input_error(train({"--output", "z", "--freeze", "conv*"}),
                     "--freeze conv*: fits no parameter of model \"g\"; it has w, b, v");
  expect_input_error(train({"--output", "z", "--freeze", "*"}),
                     "--freeze *: nothing of model \"g\" is left to train");
  const std::string saved = folder_ / "two.safetensors";
  const Outcome outcome = run_program(train({"--output", "z", "--freeze", "[wb]", "--save", saved}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto weights = read_safetensors(saved);
  EXPECT_EQ(weights.at("w"), Tensor::of<float>({2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(weights.at("b"), Tensor::of<float>({2}, {10, 20}));
  EXPECT_NE(weights.at("v"), Tensor::of<float>({2, 2}, {1, 2, 3, 5}));

  // Frozen is what --weights brings, not what the file has.
  const std::string own = folder_ / "own.safetensors";
  write_safetensors(own, {{"w", Tensor::of<float>({2, 2}, {4, 3, 2, 1})},
                          {"b", Tensor::of<float>({2}, {5, 6})},
                          {"v", Tensor::of<float>({2, 2}, {1, 2, 3, 5})}});
  const Outcome again =
      run_program(train({"--output", "z", "--freeze", "[wb]", "--weights", own, "--save", saved}));
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(read_safetensors(saved).at("w"), Tensor::of<float>({2, 2}, {4, 3, 2, 1}));
  EXPECT_NE(read_safetensors(saved).at("v"), Tensor::of<float>({2, 2}, {1, 2, 3, 5}));
}

// Its own weights, w = 1 to 4, b = 10 and 20, v = 1, 2, 3 and 5, are far from what --init draws.
TEST_F(OnnxModel, OwnWeightsAreDrawnAnewWhereAsked) {
  const auto x = folder_ / "x.npy", labels = folder_ / "l.npy";
  write_npy(x, Tensor::of<uint8_t>({4, 1, 1, 2}, {1, 20, 30, 40, 50, 60, 70, 80}));
  write_npy(labels, Tensor::of<int64_t>({4}, {0, 1, 0, 1}));
  const std::string model = folder_.file(
      "own.onnx",
      onnx_graph("g (float[N, 1, 1, 2] x) => (float[N, 2] z) { f = Flatten(x)"
                 " y = Gemm <transB = 1> (f, w, b) z = Gemm <transB = 1> (y, v) }",
                 "graph { initializer { name: 'w' data_type: 1 dims: 2 dims: 2 float_data: [1, 2, 3, 4] } "
                 "initializer { name: 'b' data_type: 1 dims: 2 float_data: [10, 20] } "
                 "initializer { name: 'v' data_type: 1 dims: 2 dims: 2 float_data: [1, 2, 3, 5] } }"));
  const std::string saved = folder_ / "own.safetensors";
  std::vector<std::string> words = {"train",    model, "--data", "npy:" + x.string() + "," + labels.string(),
                                    "--epochs", "1",   "--lr",   "1e-20",
                                    "--save",   saved};
  const auto trained = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = words;
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = run_program(all);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_safetensors(saved);
  };
  const auto w = Tensor::of<float>({2, 2}, {1, 2, 3, 4}), b = Tensor::of<float>({2}, {10, 20});
  auto weights = trained({});
  EXPECT_TRUE(weights.at("w") == w && weights.at("b") == b);
  weights = trained({"--init", "xavier_uniform"});
  for (const std::string name : {"w", "b", "v"})
    for (int64_t i = 0; i < weights.at(name).count(); ++i)
      EXPECT_LE(std::abs(weights.at(name).at(i)), std::sqrt(6.0 / 4)) << name;
  EXPECT_NE(weights.at("w").at(0), 0);
  weights = trained({"--init", "xavier_uniform", "--freeze", "[wb]"});
  EXPECT_TRUE(weights.at("w") == w && weights.at("b") == b) << "what is frozen is not drawn";
  EXPECT_LE(std::abs(weights.at("v").at(3)), std::sqrt(6.0 / 4));
  words.insert(words.end(), {"--init", "default", "--weights", saved});
  expect_usage_error(words, "--init excludes --weights");
}

TEST_F(OnnxModel, SaysHowLongTheRunAfterTheFirstTook) {
  const Outcome outcome =
      run_program({"run", model_, "--input", "x=" + (folder_ / "x.pb").string(), "--warmup", "2"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(
      std::regex_match(outcome.err, std::regex("ran in [0-9.]+ ms, after 2 runs that were not timed\n")))
      << outcome.err;
}

// Channels last, as TensorFlow's exporters write it: only the image is transposed.
TEST_F(OnnxModel, TransposesOfChannelsLastCancel) {
  const std::string model = folder_.file(
      "nhwc.onnx",
      onnx_graph(
          "g (float[N, 6, 6, 2] x) => (float[N, 3] y) {"
          " t = Transpose <perm = [0, 3, 1, 2]> (x) c = Conv <kernel_shape = [3, 3]> (t, w)"
          " l = Transpose <perm = [0, 2, 3, 1]> (c) s = Add(l, b) r = Relu(s)"
          " u = Transpose <perm = [0, 3, 1, 2]> (r) p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (u)"
          " q = Transpose <perm = [0, 2, 3, 1]> (p) y = ReduceMean <axes = [1, 2], keepdims = 0> (q) }",
          "graph { initializer { name: 'b' data_type: 1 dims: 3 float_data: [1, -20, 3] } initializer { "
          "name: 'w' data_type: 1 dims: 3 dims: 2 dims: 3 dims: 3 float_data: [" +
              numbers(54) + "] } }"));
  const std::string graph =
      run_program({"inspect", model, "--batch-size", "2", "--backend", "reference"}).out;
  const size_t first = graph.find("= transpose(");
  EXPECT_NE(first, std::string::npos) << graph;
  EXPECT_EQ(graph.find("= transpose(", first + 1), std::string::npos) << graph;
  Tensor x(DType::f32, {2, 6, 6, 2});
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, static_cast<double>(i % 7) - 3);
  write_npy(folder_ / "x.npy", x);
  const auto run = [&](const std::string& backend) {
    const Outcome outcome = run_program({"run", model, "--input", "x=" + (folder_ / "x.npy").string(),
                                         "--output", (folder_ / "out").string(), "--backend", backend});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_npy(folder_ / "out/y.npy");
  };
  const Tensor expected = run("reference"), found = run("auto");
  for (int64_t i = 0; i < expected.count(); ++i) EXPECT_NEAR(found.at(i), expected.at(i), 1e-4);
}

}  // namespace
}  // namespace sinter
