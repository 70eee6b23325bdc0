#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/cli/program.h"
#include "tests/frontends/onnx/model_file.h"

namespace sinter {
namespace {

class Check : public testing::Test {
 protected:
  // A test case: what `graph` makes of x is to be `expected`.
  std::string test_case(const std::string& name, std::string_view graph, const Tensor& x,
                        const Tensor& expected) {
    const std::string set = name + "/test_data_set_0";
    std::filesystem::create_directories(folder_ / set);
    folder_.file(name + "/model.onnx", onnx_graph(graph));
    folder_.file(set + "/input_0.pb", onnx_tensor(x));
    folder_.file(set + "/output_0.pb", onnx_tensor(expected));
    return (folder_ / name).string();
  }

  TemporaryFolder folder_;
  const Tensor x_ = Tensor::of<float>({2, 2}, {-1, 2, -3, 4});
};

TEST_F(Check, CountsByOpAndShowsTheFirstDifference) {
  const Tensor right = Tensor::of<float>({2, 2}, {0, 2, 0, 4}),
               wrong = Tensor::of<float>({2, 2}, {0, 2, 1, 5});
  test_case("a", "g (float[2, 2] x) => (float[2, 2] y) { y = Relu(x) }", x_, right);
  const auto b = test_case("b", "g (float[2, 2] x) => (float[2, 2] y) { y = Relu(x) }", x_, wrong);
  const auto c = test_case("c", "g (float[2, 2] x) => (float[2, 2] y) { y = Gru(x) }", x_, right);
  test_case("d", "g (float[2, 2] x) => (float[2, 2] y) { z = Relu(x) y = Abs(z) }", x_, right);
  const Outcome outcome = run_program({"check", folder_.path().string(), "--backend", "reference"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "sinter: 1 of 4 test cases failed\n");
  EXPECT_EQ(outcome.out, "failed " + b + ": output \"y\" element [1, 0] is 0; expected 1 (2 of 4 differ)\n" +
                             "skipped " + c +
                             ": node \"y\" (Gru, node 1): op Gru is not supported\n"
                             "\n"
                             "op    passed  failed  skipped\n"
                             "-----------------------------\n"
                             "Abs        1       0        0\n"
                             "Gru        0       0        1\n"
                             "Relu       2       1        0\n"
                             "\n"
                             "2 passed, 1 failed, 1 skipped\n");
}

TEST_F(Check, ToleratesWhatItIsTold) {
  const auto folder = test_case("a", "g (float[2, 2] x) => (float[2, 2] y) { y = Relu(x) }", x_,
                                Tensor::of<float>({2, 2}, {0, 2.1F, 0, 4}));
  EXPECT_EQ(run_program({"check", folder}).exit_code, 1);
  EXPECT_EQ(run_program({"check", folder, "--rtol", "0.1"}).exit_code, 0);
  EXPECT_EQ(run_program({"check", folder, "--atol", "0.2"}).exit_code, 0);
}

TEST_F(Check, ShapesThatTheCaseGivesAreLookedAt) {
  const auto folder = test_case("a", "g (float[N, M] x) => (float[N, M] y) { y = Neg(x) }", x_,
                                Tensor::of<float>({2, 2}, {1, -2, 3, -4}));
  EXPECT_EQ(run_program({"check", folder}).exit_code, 0);
}

TEST_F(Check, NeedsCases) {
  expect_input_error({"check", "nowhere"},
                     "nowhere: no folder; expected one with model.onnx, or with such folders in it");
  expect_input_error({"check", folder_.path().string()},
                     folder_.path().string() + ": no model.onnx in it or below it");
}

TEST_F(Check, AFolderWithoutCasesIsSaidAndTheOthersRun) {
  const auto a = test_case("a", "g (float[2, 2] x) => (float[2, 2] y) { y = Relu(x) }", x_,
                           Tensor::of<float>({2, 2}, {0, 2, 0, 4}));
  std::filesystem::create_directories(folder_ / "empty");
  const std::string empty = folder_ / "empty";
  const Outcome outcome = run_program({"check", "nowhere", empty, a, "--backend", "reference"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "skipped nowhere: no folder; expected one with model.onnx, or with such folders in it\n"
            "skipped " +
                empty +
                ": no model.onnx in it or below it\n"
                "\n"
                "op    passed  failed  skipped\n"
                "-----------------------------\n"
                "Relu       1       0        0\n"
                "\n"
                "1 passed, 0 failed, 2 skipped\n");
}

TEST_F(Check, WhatHoldsNoTensorOfNumbersIsSkipped) {
  const auto skipped = [&](std::string_view graph, std::string_view more = {}) {
    const auto a = test_case("a", "g (float[2, 2] x) => (float[2, 2] y) { y = Relu(x) }", x_, x_);
    folder_.file("a/model.onnx", onnx_graph(graph, more));
    const Outcome outcome = run_program({"check", a});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::string first = outcome.out.substr(0, outcome.out.find('\n'));
    const std::string begin = "skipped " + a + ": ";
    EXPECT_TRUE(first.starts_with(begin)) << outcome.out;
    return first.substr(begin.size());
  };
  EXPECT_EQ(skipped("g (string[2, 2] x) => (float[2, 2] y) { y = Cast <to = 1> (x) }"),
            "input \"x\": elements of STRING; expected floating or integer numbers, or BOOL");
  EXPECT_EQ(skipped("g (float[2, 2] x) => (string[2, 2] y) { y = Cast <to = 8> (x) }"),
            "output \"y\": elements of STRING; expected floating or integer numbers, or BOOL");
  const std::string of_tensors = "{ elem_type { tensor_type { elem_type: 1 shape { } } } } } } }";
  EXPECT_EQ(skipped("g (float[2, 2] x) => (float[2, 2] y) { y = Relu(x) }",
                    "graph { input { name: 's' type { sequence_type " + of_tensors),
            "input \"s\": a sequence; expected a tensor");
  EXPECT_EQ(skipped("g (float[2, 2] x) => (float[2, 2] y) { y = Relu(x) }",
                    "graph { output { name: 's' type { optional_type " + of_tensors),
            "output \"s\": an optional value; expected a tensor");
}

TEST_F(Check, DataThatContradictsItsModelIsSkipped) {
  const auto a = test_case("a", "g (float[3, N] x) => (float[3, N] y) { y = Relu(x) }", x_, x_);
  const Outcome outcome = run_program({"check", a});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with(
      "skipped " + a + ": input_0.pb holds f32[2, 2]; its model declares \"x\" as f32[3, N]\n"))
      << outcome.out;
}

// The data of ONNX 1.12's test_adam_multiple is known to be wrong; another case of that name is not.
TEST_F(Check, AWrongCaseIsKnownByWhatItHolds) {
  const auto a =
      test_case("test_adam_multiple", "g (float[2, 2] x) => (float[2, 2] y) { y = Neg(x) }", x_, x_);
  const Outcome outcome = run_program({"check", a});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.out.starts_with("failed " + a + ": output \"y\" element [0, 0] is 1; expected -1"))
      << outcome.out;
}

// ONNX's own cases, where they are: each one passes, or is skipped for a reason that is no missing op.
TEST_F(Check, ConformanceCases) {
  const char* cases = std::getenv("SINTER_ONNX");
  if (cases == nullptr) GTEST_SKIP() << "SINTER_ONNX names no folder";
  const std::string folder = cases;
  const Outcome outcome = run_program({"check", folder + "/node", folder + "/pytorch-converted",
                                       folder + "/models", "--backend", "reference"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find(" 0 failed, 4 skipped\n"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace sinter
