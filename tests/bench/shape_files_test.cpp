#include "bench/kernels/shape_files.h"

#include <gtest/gtest.h>

#include "ir/error.h"
#include "tests/source_path.h"

namespace sinter::bench {
namespace {

const std::filesystem::path folder = source_path("bench/shapes");

std::string message(const std::string& models) {
  try {
    shape_files(folder, models);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ShapeFiles, AreAllOrThoseNamed) {
  EXPECT_GE(shape_files(folder, std::nullopt).size(), 6U);
  const std::vector<std::filesystem::path> two = {folder / "alexnet.txt", folder / "lenet.txt"};
  EXPECT_EQ(shape_files(folder, "lenet,alexnet"), two);
}

TEST(ShapeFiles, MustBeThere) {
  const std::string known = "alexnet, cifar_cnn, claims, lenet, resnet, smoke, vgg11";
  EXPECT_EQ(message("lenet,lenett"), "--models: \"lenett\" is none of " + known);
  EXPECT_EQ(message(""), "--models: \"\" is none of " + known);
}

}  // namespace
}  // namespace sinter::bench
