#include "runtime/data/data_set.h"

#include "ir/error.h"
#include "runtime/data/idx.h"
#include "tests/runtime/gzip_text.h"
#include "tests/runtime/temporary_folder.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

std::string idx(uint32_t magic, const std::vector<uint32_t>& sizes, const std::string& elements) {
  std::string file;
  const auto append = [&](uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) file += static_cast<char>(value >> shift);
  };
  append(magic);
  for (const uint32_t size : sizes) append(size);
  return file + elements;
}

std::string pictures(uint32_t count, uint32_t height = 2, uint32_t width = 3) {
  std::string pixels;
  for (uint32_t i = 0; i < count * height * width; ++i) pixels += static_cast<char>(i);
  return idx(0x803, {count, height, width}, pixels);
}

std::string labels(const std::string& values) {
  return idx(0x801, {static_cast<uint32_t>(values.size())}, values);
}

TEST(Idx, PlainAndCompressedAreTheSame) {
  const TemporaryFolder folder;
  const Examples expected = {.count = 2,
                             .channels = 1,
                             .height = 2,
                             .width = 3,
                             .pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                             .labels = {9, 0}};
  const auto images = folder.file("images", pictures(2)), answers = folder.file("labels", labels({9, 0}));
  EXPECT_EQ(read_idx(images, answers, 10), expected);
  const auto packed = folder.file("images.gz", gzip(pictures(2)));
  EXPECT_EQ(read_idx(packed, folder.file("labels.gz", gzip(labels({9, 0}))), 10), expected);
}

class BadIdx : public testing::Test {
 protected:
  // What is wrong with the pictures' file, the labels being fine.
  void expect_images(const std::string& content, const std::string& message) {
    for (const std::string& stored : {content, gzip(content)}) {
      folder_.file("images", stored);
      EXPECT_EQ(read("\1\2"), (folder_ / "images").string() + ": " + message);
    }
  }
  // What is wrong with the labels, for two pictures.
  void expect_labels(const std::string& content, const std::string& message) {
    folder_.file("images", pictures(2));
    folder_.file("labels", content);
    EXPECT_EQ(read(), (folder_ / "labels").string() + ": " + message);
  }
  std::string read(const std::string& good_labels) {
    folder_.file("labels", labels(good_labels));
    return read();
  }
  std::string read() {
    return message_of<InputError>([&] { read_idx(folder_ / "images", folder_ / "labels", 10); });
  }
  TemporaryFolder folder_;
};

TEST_F(BadIdx, Images) {
  expect_images("", "0 bytes, expected an IDX header of 16");
  expect_images(pictures(2).substr(0, 15), "15 bytes, expected an IDX header of 16");
  expect_images(labels("\1\2"),
                "magic number 0x00000801, expected 0x00000803 (IDX, unsigned bytes, 3 dimensions)");
  expect_images("\x89PNG",
                "magic number 0x89504e47, expected 0x00000803 (IDX, unsigned bytes, 3 dimensions)");
  expect_images(pictures(2).substr(0, 20), "4 bytes after the header, expected 12 for the sizes 2 x 2 x 3");
  expect_images(pictures(2) + "more", "16 bytes after the header, expected 12 for the sizes 2 x 2 x 3");
  expect_images(pictures(0), "the header's sizes are 0 x 2 x 3, expected none to be 0");
  expect_images(pictures(2, 0, 3), "the header's sizes are 2 x 0 x 3, expected none to be 0");
  expect_images(idx(0x803, {0xffffffff, 0xffffffff, 0xffffffff}, ""),
                "the header's sizes 4294967295 x 4294967295 x 4294967295 are impossible");
}

TEST_F(BadIdx, Labels) {
  expect_labels(pictures(2),
                "magic number 0x00000803, expected 0x00000801 (IDX, unsigned bytes, 1 dimension)");
  expect_labels(labels("\1\2\3"),
                "3 labels, expected 2, one for each picture in " + (folder_ / "images").string());
  expect_labels(labels("\1\x0a"), "label 1 is 10, expected 0 to 9");
  expect_labels(labels("\1\2") + "x", "3 bytes after the header, expected 2 for the sizes 2");
  expect_labels(labels(""), "the header's sizes are 0, expected none to be 0");
}

TEST_F(BadIdx, Gzip) {
  const std::string packed = gzip(pictures(2));
  folder_.file("images", packed.substr(0, packed.size() / 2));
  EXPECT_EQ(read("\1\2").find((folder_ / "images").string() + ": the gzip data ends early, after "), 0);
  folder_.file("images", packed.substr(0, 12) + "corruption" + packed.substr(22));
  EXPECT_EQ(read("\1\2").find((folder_ / "images").string() + ": the gzip data is corrupt near byte "), 0);
}

TEST_F(BadIdx, MissingFile) {
  EXPECT_EQ(read("\1\2"), "cannot read " + (folder_ / "images").string() + ": No such file or directory");
}

void write_small_set(const fs::path& folder) {
  fs::create_directories(folder);
  const auto write = [&](const std::string& name, const std::string& content) {
    std::ofstream(folder / name, std::ios::binary) << content;
  };
  write("train-images-idx3-ubyte", pictures(3));
  write("train-labels-idx1-ubyte.gz", gzip(labels("\1\2\3")));
  write("t10k-images-idx3-ubyte.gz", gzip(pictures(1)));
  write("t10k-labels-idx1-ubyte", labels("\4"));
}

TEST(DataSet, IsFoundInTheFirstFolderThatHasIt) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "one" / "mnist");
  write_small_set(folder / "two" / "mnist");
  const DataOptions options = {.folders = {folder / "one", folder / "two", folder / "three"}};
  const DataSet data = load_data_set("mnist", options);
  EXPECT_EQ(data.name, "mnist");
  EXPECT_EQ(data.classes.size(), 10);
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{1, 2, 3}));
  EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{4}));
}

TEST(DataSet, AFolderMayBeGiven) {
  const TemporaryFolder folder;
  write_small_set(folder / "mine");
  const DataSet data = load_data_set("fashion-mnist:" + (folder / "mine").string(), {});
  EXPECT_EQ(data.train.count, 3);
  EXPECT_EQ(data.classes.front(), "T-shirt/top");
  EXPECT_EQ(data.classes.back(), "ankle boot");
}

TEST(DataSet, MissingFilesAreExplained) {
  const TemporaryFolder folder;
  write_small_set(folder / "some" / "fashion-mnist");
  fs::remove(folder / "some" / "fashion-mnist" / "t10k-labels-idx1-ubyte");
  const std::string root = folder.path().string();
  const std::string files =
      "  expected   train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
      "t10k-labels-idx1-ubyte, each plain or .gz\n";
  const DataOptions options = {.folders = {folder / "some", folder / "none"}};
  EXPECT_EQ(message_of<InputError>([&] { load_data_set("fashion-mnist", options); }),
            "fashion-mnist: the data is not there\n"
            "  looked in  " +
                root +
                "/some/fashion-mnist (lacks t10k-labels-idx1-ubyte)\n"
                "  looked in  " +
                root + "/none/fashion-mnist (no such folder)\n" + files +
                "  from       https://github.com/zalandoresearch/fashion-mnist (data/fashion)");
  EXPECT_EQ(message_of<InputError>([&] { load_data_set("mnist:" + root + "/none", options); }),
            "mnist: the data is not there\n"
            "  looked in  " +
                root + "/none (no such folder)\n" + files +
                "  from       http://yann.lecun.com/exdb/mnist, or its mirror "
                "https://storage.googleapis.com/cvdf-datasets/mnist");
  EXPECT_NE(message_of<InputError>([&] { load_data_set("mnist", {}); }).find("no folder, as none was given"),
            std::string::npos);
}

TEST(DataSet, TrainAndTestMustBeOfOneSize) {
  const TemporaryFolder folder;
  write_small_set(folder.path());
  const auto test = folder.file("t10k-images-idx3-ubyte", pictures(1, 3, 2));
  EXPECT_EQ(message_of<InputError>([&] { load_data_set("mnist:" + folder.path().string(), {}); }),
            test.string() + ": pictures of 3 x 2, expected 2 x 3 as in " +
                (folder / "train-images-idx3-ubyte").string());
}

TEST(DataSet, UnknownNamesAreAnsweredWithTheKnown) {
  const auto message = [](std::string_view spec) {
    return message_of<InputError>([&] { load_data_set(spec, {}); });
  };
  EXPECT_EQ(message("imagenet:/data"),
            "unknown data set \"imagenet:/data\"; expected one of fashion-mnist[:DIR] mnist[:DIR] "
            "cifar10[:DIR] images:DIR npy:X.npy,Y.npy synthetic");
  EXPECT_EQ(message(""),
            "unknown data set \"\"; expected one of fashion-mnist[:DIR] mnist[:DIR] cifar10[:DIR] images:DIR "
            "npy:X.npy,Y.npy synthetic");
  EXPECT_EQ(message("mnist:"), "data set \"mnist:\": a folder is expected after the colon");
  EXPECT_EQ(message("synthetic:/data"),
            "data set \"synthetic:/data\": synthetic is generated and reads no folder");
}

TEST(DataSet, FashionMnistIsTheOfficialOne) {
  const fs::path shared = source_path("../shared/data");
  if (!fs::exists(shared / "fashion-mnist")) GTEST_SKIP() << "no Fashion-MNIST in " << shared;
  const DataSet data = load_data_set("fashion-mnist", {.folders = {shared}});
  EXPECT_EQ(data.train.count, 60000);
  EXPECT_EQ(data.test.count, 10000);
  EXPECT_EQ(data.train.height, 28);
  EXPECT_EQ(data.train.width, 28);
  for (const Examples* split : {&data.train, &data.test}) {
    std::vector<int64_t> counts(10);
    for (const uint16_t label : split->labels) ++counts.at(label);
    EXPECT_EQ(counts, std::vector<int64_t>(10, split->count / 10));
  }
  EXPECT_EQ(data.classes.at(data.train.labels[0]), "ankle boot");
  double sum = 0;
  for (const uint8_t pixel : data.train.pixels) sum += pixel;
  EXPECT_NEAR(sum / 255 / static_cast<double>(data.train.pixels.size()), 0.2860,
              1e-4);  // as its users know it
}

}  // namespace
}  // namespace sinter
