#include "runtime/data/data_set.h"
#include "runtime/files/png.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

std::string big_endian(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

// A data set of three pictures of 1 x 2 pixels, 0 and 255, with labels 9, 0 and 9, as both splits.
void write_small_fashion_mnist(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const std::string split : {"train", "t10k"}) {
    std::ofstream(folder / (split + "-images-idx3-ubyte"), std::ios::binary)
        << big_endian(0x803) << big_endian(3) << big_endian(1) << big_endian(2)
        << std::string("\0\xff\0\xff\0\xff", 6);
    std::ofstream(folder / (split + "-labels-idx1-ubyte"), std::ios::binary)
        << big_endian(0x801) << big_endian(3) << std::string("\x09\0\x09", 3);
  }
}

TEST(Data, DescribesASet) {
  const TemporaryFolder folder;
  write_small_fashion_mnist(folder / "fashion-mnist");
  const Outcome outcome = run_program({"data", "fashion-mnist"}, {.data_folder = folder.path()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, R"(fashion-mnist: pictures of 1 x 2 pixels, 1 channel, 10 classes

label  class        train  test
-------------------------------
    0  T-shirt/top      1     1
    1  trouser          0     0
    2  pullover         0     0
    3  dress            0     0
    4  coat             0     0
    5  sandal           0     0
    6  shirt            0     0
    7  sneaker          0     0
    8  bag              0     0
    9  ankle boot       2     2
-------------------------------
       total            3     3

mean and standard deviation of the training pixels: --normalize 0.5000,0.5000
)");
}

TEST(Data, ExportsPicturesNamedByTheirLabels) {
  const TemporaryFolder folder;
  write_small_fashion_mnist(folder / "set");
  const std::string pictures = folder / "deep/pictures";
  const Outcome outcome = run_program(
      {"data", "fashion-mnist:" + (folder / "set").string(), "--export", pictures, "--count", "5"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("wrote 3 test pictures to " + pictures + "\n"), std::string::npos)
      << outcome.out;
  for (const std::string name : {"000-ankle-boot.png", "001-t-shirt-top.png", "002-ankle-boot.png"})
    EXPECT_EQ(read_png(std::filesystem::path(pictures) / name, 1), (Image{1, 1, 2, {0, 255}})) << name;
}

TEST(Data, ExportsTheSetsOwnPixels) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_program({"data", "synthetic", "--seed", "3", "--export", folder / "p", "--count", "2",
                         "--split", "train"})
                .exit_code,
            0);
  const DataSet data = load_data_set("synthetic", {.seed = 3});
  EXPECT_EQ(read_png(folder / "p/001-1.png", 1).pixels,
            std::vector<uint8_t>(data.train.pixels.begin() + 784, data.train.pixels.begin() + 2 * 784));
}

TEST(Data, WrongSets) {
  const TemporaryFolder folder;
  expect_input_error({"data", "cifar"},
                     "unknown data set \"cifar\"; expected one of fashion-mnist[:DIR] mnist[:DIR] synthetic");
  const Outcome missing = run_program({"data", "mnist"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_EQ(missing.err.find("sinter: mnist: the data is not there\n  looked in  /nowhere/sinter-data/mnist"),
            0U)
      << missing.err;
  const std::string file = folder.file("file", "");
  const Outcome outcome = run_program({"data", "synthetic", "--export", file + "/in"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err, "sinter: --export " + file + "/in: cannot make this folder: Not a directory\n");
}

}  // namespace
}  // namespace sinter
