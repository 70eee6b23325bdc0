#include "tests/cli/program.h"

namespace sinter {
namespace {

TEST(Summary, LeNet) {
  const Outcome outcome = run_program({"summary", "lenet"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, R"(lenet(%image: f32[N, 1, 28, 28])

layer  op          output           parameters    FLOPs
-------------------------------------------------------
0      conv2d      [N, 6, 28, 28]          156  235.2 k
1      sigmoid     [N, 6, 28, 28]            0    4.7 k
2      avg_pool2d  [N, 6, 14, 14]            0    4.7 k
3      conv2d      [N, 16, 10, 10]       2,416  480.0 k
4      sigmoid     [N, 16, 10, 10]           0    1.6 k
5      avg_pool2d  [N, 16, 5, 5]             0    1.6 k
6      flatten     [N, 400]                  0        0
7      linear      [N, 120]             48,120   96.0 k
8      sigmoid     [N, 120]                  0      120
9      linear      [N, 84]              10,164   20.2 k
10     sigmoid     [N, 84]                   0       84
11     linear      [N, 10]                 850    1.7 k
-------------------------------------------------------
total                                   61,706  845.9 k

241.0 KiB of parameters, 57.0 KiB of activations; FLOPs and activations are those of one sample
)");
}

// Runs it and looks for the parts, one behind the other.
void expect_summary(const std::vector<std::string>& model, std::initializer_list<std::string_view> parts) {
  std::vector<std::string> arguments = {"summary"};
  arguments.insert(arguments.end(), model.begin(), model.end());
  const Outcome outcome = run_program(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  size_t at = 0;
  for (const std::string_view part : parts) {
    at = outcome.out.find(part, at);
    ASSERT_NE(at, std::string::npos) << part << " is not, or not in this place, in\n" << outcome.out;
  }
}

// The shapes of Dive into Deep Learning 8.2; parameters, FLOPs (a multiplication and an addition are two) and
// activations counted apart from the program: of a convolution 2 KH KW C for each output and 1 for its ReLU.
TEST(Summary, Vgg11) {
  expect_summary({"vgg11"}, {"conv2d      [N, 64, 224, 224]           640", "[N, 64, 112, 112]",
                             "[N, 128, 56, 56]", "[N, 256, 28, 28]", "[N, 512, 14, 14]", "[N, 512, 7, 7]",
                             "[N, 25088]", "[N, 4096]           102,764,544",
                             "[N, 4096]            16,781,312", "[N, 10]                  40,970",
                             "128,806,154   15.1 G", "491.4 MiB of parameters, 62.6 MiB of activations"});
}

TEST(Summary, Vgg11OfAQuarterWidth) {
  expect_summary({"vgg11", "--set", "width=0.25"},
                 {"[N, 16, 112, 112]", "[N, 32, 56, 56]", "[N, 64, 28, 28]", "[N, 128, 14, 14]",
                  "[N, 128, 7, 7]", "[N, 6272]", "[N, 4096]", "[N, 4096]", "[N, 10]", "43,093,322    1.0 G",
                  "164.4 MiB of parameters, 15.7 MiB of activations"});
}

// The shapes of Dive into Deep Learning 8.6 at 96 x 96.
TEST(Summary, ResNet18) {
  expect_summary({"resnet18"}, {"[N, 64, 24, 24]", "5.1        relu               [N, 64, 24, 24]",
                                "7.1        relu               [N, 128, 12, 12]",
                                "9.1        relu               [N, 256, 6, 6]",
                                "11.1       relu               [N, 512, 3, 3]", "[N, 10]",
                                "11,178,378  639.5 M", "42.6 MiB of parameters, 5.6 MiB of activations"});
}

TEST(Summary, ABatchAndAModelParameter) {
  const Outcome outcome = run_program({"summary", "lenet", "--batch-size", "256", "--set", "classes=100"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.out.find("11     linear      [256, 100]              8,500    4.3 M\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(
      outcome.out.find("270.9 KiB of parameters, 14.3 MiB of activations; FLOPs and activations are those "
                       "of a batch of 256\n"),
      std::string::npos);
}

TEST(Summary, AFileWithoutParameters) {
  const TemporaryFolder folder;
  const auto model = folder.file("double.sinter", "model double() { input x: f32[2, 3]\n add(x, x) }\n");
  EXPECT_EQ(run_program({"summary", model}).out, R"(double(%x: f32[2, 3])

layer  op   output  parameters  FLOPs
-------------------------------------
0      add  [2, 3]           0      6
-------------------------------------
total                        0      6

0 B of parameters, 24 B of activations; FLOPs and activations are those of one sample
)");
  EXPECT_EQ(run_program({"summary", model, "--batch-size", "2"}).exit_code, 0);  // what it is anyway
  expect_input_error(
      {"summary", model, "--batch-size", "4"},
      "--batch-size 4: model \"double\" has a fixed batch: no input's first dimension is a symbol such as N");
}

TEST(Summary, WrongModels) {
  expect_input_error({"summary", "alexnett"}, no_such_model("alexnett"));
  expect_input_error({"summary", "/nowhere/m.sinter"},
                     "cannot read /nowhere/m.sinter: No such file or directory");
  expect_input_error({"summary", "lenet", "--set", "classes"}, "--set classes: expected name=value");
}

}  // namespace
}  // namespace sinter
