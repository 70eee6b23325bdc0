#include <gtest/gtest.h>

#include "runtime/files/npy.h"
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

}  // namespace
}  // namespace sinter
