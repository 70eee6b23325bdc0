#include "bench/kernels/layer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "ir/error.h"
#include "tests/source_path.h"

namespace sinter::bench {
namespace {

class ShapeFile {
 public:
  explicit ShapeFile(std::string_view text)
      : path_(fmt::format("{}shapes_{}.txt", testing::TempDir(), getpid())) {
    std::ofstream(path_) << text;
  }
  ~ShapeFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Of a file with this text, after its path.
std::string error_of(std::string_view text) {
  const ShapeFile file(text);
  try {
    read_layers(file.path());
  } catch (const InputError& error) {
    return std::string(error.what()).substr(file.path().size());
  }
  return "no error";
}

TEST(Layer, IsALineOfAFile) {
  const ShapeFile file(
      "# a comment\n\n16 3 224 224 64 7 2 3 relu max_pool2d 3 2 1  # the stem\n2 5 7 6 4 3 1 0 none none\n");
  const auto layers = read_layers(file.path());
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(shape_name(layers[0]), "n16_c3_h224_w224_o64_k7_s2_p3_max3_s2_p1");
  EXPECT_EQ(subject_name(layers[0], Work::backward_weights), "conv2d_relu_max_pool2d_backward_weights");
  EXPECT_EQ(layers[0].conv_height(), 112);
  EXPECT_EQ(shape_name(layers[1]), "n2_c5_h7_w6_o4_k3");
  EXPECT_EQ(subject_name(layers[1], Work::forward), "conv2d");
  EXPECT_EQ(layers[1].flops(), 2.0 * 2 * 4 * 5 * 4 * 5 * 9);
}

TEST(Layer, ShapesOfTheSuiteCanBeRead) {
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(source_path("bench/shapes"))) {
    EXPECT_FALSE(read_layers(file.path()).empty()) << file.path();
    ++files;
  }
  EXPECT_GE(files, 6);
}

TEST(Layer, AnErrorNamesLineColumnAndWhatWasExpected) {
  EXPECT_EQ(error_of("# nothing\n"), ": has no layer");
  EXPECT_EQ(error_of("\n1 2 3"), ":2: w is missing");
  EXPECT_EQ(error_of("1 0 3 3 4 3 1 1 none none"), ":1: c is \"0\"; expected a number from 1 to 999999");
  EXPECT_EQ(error_of("1 1 3 3 4 3 1 -1 none none"), ":1: p is \"-1\"; expected a number from 0 to 999999");
  EXPECT_EQ(error_of("1 1 3 3 4 3 1 1 gelu none"),
            ":1: activation is \"gelu\"; expected relu, leaky_relu, sigmoid, tanh, none");
  EXPECT_EQ(error_of("1 1 3 3 4 3 1 1 relu max 2 2 0"),
            ":1: pool is \"max\"; expected max_pool2d, avg_pool2d, none");
  EXPECT_EQ(error_of("1 1 3 3 4 3 1 1 relu max_pool2d 2 2"), ":1: pool padding is missing");
  EXPECT_EQ(error_of("1 1 3 3 4 3 1 1 relu none 2"), ":1: \"2\" follows the last column");
  EXPECT_EQ(error_of("1 1 3 3 4 5 1 0 relu none"),
            ":1: the convolution's kernel of 5 is larger than its padded image of 3");
  EXPECT_EQ(error_of("1 1 3 3 4 3 1 0 relu avg_pool2d 2 2 0"),
            ":1: the pool's kernel of 2 is larger than its padded image of 1");
}

TEST(Layer, AFileThatIsNotThereIsNamed) {
  try {
    read_layers("/nowhere/lenet.txt");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "/nowhere/lenet.txt: cannot be read");
  }
}

}  // namespace
}  // namespace sinter::bench
