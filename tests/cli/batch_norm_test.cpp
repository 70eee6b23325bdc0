#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runtime/files/safetensors.h"
#include "tests/cli/program.h"

/// A model with running statistics: they are part of its weights files.
namespace sinter {
namespace {

constexpr std::string_view model =
    "model norms() {\n"
    "  input image: f32[N, 1, 28, 28]\n"
    "  image | conv2d(4, kernel_size=3, stride=2) | batch_norm | relu | flatten | linear(10) | batch_norm\n"
    "}\n";

class BatchNormFiles : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string model_ = folder_.file("norms.sinter", std::string(model));
  std::string weights_ = folder_ / "w.safetensors";

  Outcome train() {
    return run_program({"train", model_, "--data", "synthetic", "--limit", "600", "--epochs", "2",
                        "--batch-size", "64", "--lr", "0.1", "--save", weights_});
  }
  Outcome eval() { return run_program({"eval", model_, "--weights", weights_, "--data", "synthetic"}); }
};

TEST_F(BatchNormFiles, HoldRunningStatisticsUnderPyTorchsNames) {
  const Outcome outcome = train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const NamedTensors weights = read_safetensors(weights_);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"0.bias", "0.weight", "1.bias", "1.running_mean",
                                             "1.running_var", "1.weight", "4.bias", "4.weight", "5.bias",
                                             "5.running_mean", "5.running_var", "5.weight"}));
  EXPECT_NE(weights.at("1.running_mean").at(0), 0);
  const std::string last = outcome.out.substr(outcome.out.rfind("test accuracy ") + 14, 6);
  const Outcome tested = eval();
  EXPECT_EQ(tested.exit_code, 0) << tested.err;
  EXPECT_NE(tested.out.find("  accuracy " + last + "  "), std::string::npos) << tested.out << outcome.out;
}

TEST_F(BatchNormFiles, WithoutAStatisticAreRefusedAndAStepCountIsLeftOut) {
  ASSERT_EQ(train().exit_code, 0);
  NamedTensors weights = read_safetensors(weights_);
  weights.emplace("1.num_batches_tracked", Tensor::scalar(DType::i64, 20));
  write_safetensors(weights_, weights);
  EXPECT_EQ(eval().exit_code, 0);
  weights.erase("5.running_var");
  write_safetensors(weights_, weights);
  expect_input_error({"eval", model_, "--weights", weights_, "--data", "synthetic"},
                     weights_ + ": no tensor \"5.running_var\"; model \"norms\" has f32[10] there");
}

}  // namespace
}  // namespace sinter
