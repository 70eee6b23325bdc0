#include "runtime/data/data_set.h"
#include "runtime/files/npy.h"
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

TEST(Data, FloatsAreDescribedAndTrainAModel) {
  const TemporaryFolder folder;
  const std::string x = folder / "x.npy", y = folder / "y.npy";
  Tensor values(DType::f32, {8, 2, 4, 4}), labels(DType::i64, {8});
  for (int64_t i = 0; i < values.count(); ++i) values.values<float>()[i] = i / 32 % 2 == 0 ? -3.0F : 5.0F;
  for (int64_t i = 0; i < 8; ++i) labels.values<int64_t>()[i] = i % 2;
  write_npy(x, values);
  write_npy(y, labels);
  const std::string set = "npy:" + x + "," + y + "," + x + "," + y;
  EXPECT_EQ(run_program({"data", set}).out,
            "x: f32 of 4 x 4, 2 channels, 2 classes\n\n"
            "label  class  train  test\n"
            "-------------------------\n"
            "    0  0          4     4\n"
            "    1  1          4     4\n"
            "-------------------------\n"
            "       total      8     8\n\n"
            "mean and standard deviation of the training values, which are taken as they are: "
            "1.0000,1.0000,4.0000,4.0000\n");
  expect_input_error(
      {"data", set, "--export", folder / "pictures"},
      "--export " + (folder / "pictures").string() + ": data set \"" + set + "\" holds f32 and no pictures");
  const std::string model =
      folder.file("m.sinter", "model m() { input x: f32[N, 2, 4, 4]\n x | flatten | linear(2) }\n");
  const std::vector<std::string> train = {"train",        model, "--data", set,    "--epochs",  "2",
                                          "--batch-size", "4",   "--lr",   "0.01", "--backend", "reference"};
  const Outcome trained = run_program(train);
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_NE(trained.out.find("test accuracy 1.0000"), std::string::npos) << trained.out;
  auto normalized = train;
  normalized.insert(normalized.end(), {"--normalize", "0,1"});
  expect_input_error(
      normalized, "augmentation and normalisation are for pictures of bytes; floats are taken as they are");
}

// A part of a set: not of each class, and nothing to test on.
TEST(Data, AFewNumPyPicturesTrainAModelOfMoreClasses) {
  const TemporaryFolder folder;
  const std::string x = folder / "x.npy", y = folder / "y.npy", metrics = folder / "m.jsonl";
  write_npy(x, Tensor(DType::u8, {4, 28, 28}));
  write_npy(y, Tensor::of<int64_t>({4}, {3, 0, 3, 7}));
  const std::string set = "npy:" + x + "," + y;
  std::vector<std::string> train = {"train", "lenet_relu", "--data",    set,         "--epochs",
                                    "1",     "--backend",  "reference", "--metrics", metrics};
  const Outcome trained = run_program(train);
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(
      trained.err,
      "note: x: no test split, so that nothing is evaluated; --test-share 0.2 holds out a fifth of each "
      "class\n");
  EXPECT_NE(trained.out.find("4 training and 0 test examples"), std::string::npos) << trained.out;
  EXPECT_EQ(trained.out.find("test accuracy"), std::string::npos) << trained.out;
  EXPECT_NE(content_of(metrics).find("\"test_loss\":null,\"test_accuracy\":null,\"test_top5\":null"),
            std::string::npos)
      << content_of(metrics);
  train.insert(train.end(), {"--log-level", "quiet", "--early-stop", "2"});
  EXPECT_EQ(run_program(train).err, "sinter: --early-stop watches the test examples, and x has none\n");
  train.resize(train.size() - 2);
  train.insert(train.end(), {"--confusion", folder / "c.svg"});
  EXPECT_EQ(run_program(train).err, "sinter: --confusion is of the test examples, and x has none\n");
  expect_input_error({"train", "lenet_relu", "--data", set, "--set", "classes=7"},
                     y + ": label 3 is 7, expected 0 to 6, a number for each of the model's outputs");
  expect_input_error({"data", set, "--export", folder / "p", "--split", "test", "--log-level", "quiet"},
                     "--export " + (folder / "p").string() + ": data set \"" + set +
                         "\" has no test split; expected --split train");
  const Outcome exported = run_program({"data", set, "--export", folder / "p"});
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_TRUE(exported.out.ends_with("wrote 4 training pictures to " + (folder / "p").string() + "\n"))
      << exported.out;
  EXPECT_EQ(read_png(folder / "p/003-7.png", 1).pixels, std::vector<uint8_t>(784, 0));
}

TEST(Data, EmptyClassFoldersAreNamedOrCounted) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "set/cat");
  std::filesystem::create_directories(folder / "set/dog");
  write_png(folder / "set/cat/a.png", {1, 1, 1, {7}});
  const std::string set = folder / "set";
  const std::vector<std::string> data = {"data", "images:" + set, "--resize", "2x2"};
  expect_input_error(data, set +
                               ": no pictures in the folder dog; expected at least one of each class; "
                               "--skip-bad goes on without");
  auto lenient = data;
  lenient.emplace_back("--skip-bad");
  const Outcome outcome = run_program(lenient);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err,
            "note: set: 1 of 2 classes without a training picture: dog\n"
            "note: set: no test split, so that nothing is evaluated; --test-share 0.2 holds out a fifth of "
            "each class\n");
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

// Three channels all the way: statistics, pictures, training, evaluation, prediction.
class Cifar : public testing::Test {
 protected:
  Cifar() {
    std::filesystem::create_directory(folder_ / "cifar-10");
    std::string records;
    for (int i = 0; i < 60; ++i) {
      records += static_cast<char>(i % 10);
      for (const int colour : {20, 40, 60}) {  // three bright rows tell the class
        std::string plane(1024, static_cast<char>(colour));
        records += plane.replace(i % 10 * 96, 96, 96, '\xff');
      }
    }
    folder_.file("cifar-10/data_batch_1.bin", records);
    folder_.file("cifar-10/test_batch.bin", records.substr(0, 12 * 3073));
    model_ =
        folder_.file("net.sinter",
                     "model net() {\n  input image: f32[N, 3, 16, 16]\n  image | conv2d(8, kernel_size=3)"
                     " | relu | max_pool2d(2, stride=2) | flatten | linear(10)\n}\n");
  }
  ProgramOptions options() const { return {.data_folder = folder_.path()}; }

  TemporaryFolder folder_;
  std::string model_;
};

TEST_F(Cifar, IsDescribedAndExportedInColour) {
  const Outcome outcome = run_program(
      {"data", "cifar10", "--export", folder_ / "p", "--count", "2", "--resize", "16x8"}, options());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "note: cifar10: 1 of 5 training batches were found in " +
                             (folder_ / "cifar-10").string() + ": data_batch_1.bin\n");
  EXPECT_EQ(outcome.out.find("cifar10: pictures of 16 x 8 pixels, 3 channels, 10 classes\n"), 0U);
  EXPECT_NE(outcome.out.find("--normalize 0.1651,0.2361,0.3072,0.2"), std::string::npos) << outcome.out;
  const Image image = read_png(folder_ / "p/001-automobile.png", 3);
  EXPECT_EQ(image.height, 16);
  EXPECT_EQ(image.width, 8);
  EXPECT_EQ(image.pixels[0], 20);
  EXPECT_EQ(image.pixels[128], 40);
  EXPECT_EQ(image.pixels[16], 226);  // rows 3 to 5 of 3 to 6, the last of which weighs an eighth
}

TEST_F(Cifar, TrainsAndPredictsAfterResizing) {
  const std::string weights = folder_ / "w.safetensors";
  const std::vector<std::string> normalize = {"--normalize", "0.5,0.4,0.3,0.2,0.3,0.4"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), normalize.begin(), normalize.end());
    return run_program(arguments, options());
  };
  const Outcome trained =
      run({"train", model_, "--data", "cifar10", "--resize", "16x16", "--epochs", "30", "--batch-size", "20",
           "--lr", "0.02", "--save", weights, "--log-level", "quiet"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.err, "");
  const Outcome eval = run({"eval", model_, "--data", "cifar10", "--resize", "16x16", "--weights", weights});
  EXPECT_EQ(eval.exit_code, 0) << eval.err;
  EXPECT_NE(eval.out.find("accuracy 1.0000"), std::string::npos) << eval.out;
  ASSERT_EQ(
      run_program({"data", "cifar10", "--resize", "16x16", "--export", folder_ / "p"}, options()).exit_code,
      0);
  const Outcome predicted = run({"run", model_, "--weights", weights, "--labels", "cifar10", "--top", "1",
                                 "--input", "image=" + (folder_ / "p/003-cat.png").string()});
  EXPECT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_NE(predicted.out.find("\ncat "), std::string::npos) << predicted.out;
}

TEST_F(Cifar, WrongSizes) {
  const auto message = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"train", model_, "--data", "cifar10", "--log-level", "quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_program(arguments, options());
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.err;
  };
  EXPECT_EQ(
      message({}),
      "sinter: model \"net\" takes %image: f32[N, 3, 16, 16]; the pictures of cifar10 are f32[N, 3, 32, "
      "32]; --resize 16x16 makes them fit\n");
  for (const std::string size : {"16", "0x16", "16x", "x16", "16x16x3", "-1x16", "16x99999", "axb"})
    EXPECT_EQ(message({"--resize", size}), "sinter: --resize " + size +
                                               ": expected HEIGHTxWIDTH, each from 1 to 16384, such as "
                                               "224x224\n");
  EXPECT_EQ(message({"--normalize", "0.5,0.4,0.3,0.2"}),
            "sinter: --normalize 0.5,0.4,0.3,0.2: expected MEAN,STD, or 3 means and 3 deviations, with "
            "deviations above 0\n");
}

TEST(Data, WrongSets) {
  const TemporaryFolder folder;
  expect_input_error({"data", "cifar"},
                     "unknown data set \"cifar\"; expected one of fashion-mnist[:DIR] mnist[:DIR] "
                     "cifar10[:DIR] images:DIR npy:X.npy,Y.npy synthetic");
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
