#include "runtime/data/cifar10.h"

#include "ir/error.h"
#include "tests/runtime/gzip_text.h"
#include "tests/runtime/temporary_folder.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

// A record whose planes are `red`, `red` + 1 and `red` + 2.
std::string record(int label, int red) {
  std::string text(1, static_cast<char>(label));
  for (int channel = 0; channel < 3; ++channel) text.append(1024, static_cast<char>(red + channel));
  return text;
}

std::string message(const std::string& spec, const DataOptions& options = {}) {
  return message_of<InputError>([&] { load_data_set(spec, options); });
}

TEST(Cifar10, ReadsTheBatchesThatAreThereAndSaysWhich) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "cifar-10");
  folder.file("cifar-10/data_batch_4.bin", record(3, 10));
  folder.file("cifar-10/data_batch_2.bin.gz", gzip(record(9, 20) + record(0, 30)));
  folder.file("cifar-10/test_batch.bin", record(1, 40));
  const DataSet data = load_data_set("cifar10", {.folders = {folder.path()}});
  EXPECT_EQ(data.name, "cifar10");
  EXPECT_EQ(data.classes.at(9), "truck");
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{9, 0, 3}));
  EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{1}));
  EXPECT_EQ(data.train.size(), (PictureSize{32, 32}));
  EXPECT_EQ(data.train.channels, 3);
  for (const int64_t channel : {0, 1, 2})
    EXPECT_EQ(data.train.pixels[2 * 3072 + channel * 1024 + 5], 10 + channel);
  EXPECT_EQ(data.notes, std::vector<std::string>{"2 of 5 training batches were found in " +
                                                 (folder / "cifar-10").string() +
                                                 ": data_batch_2.bin, data_batch_4.bin"});
}

TEST(Cifar10, AllBatchesInTheArchivesFolder) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "cifar-10-batches-bin");
  for (int i = 1; i <= 5; ++i)
    folder.file(fmt::format("cifar-10-batches-bin/data_batch_{}.bin", i), record(i, i));
  folder.file("cifar-10-batches-bin/test_batch.bin", record(1, 40));
  const DataSet data = load_data_set("cifar10:" + folder.path().string(), {});
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{1, 2, 3, 4, 5}));
  EXPECT_TRUE(data.notes.empty());
}

TEST(Cifar10, MissingFilesAreExplained) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "cifar10");
  folder.file("cifar10/data_batch_1.bin", record(3, 10));
  const std::string root = folder.path().string();
  const std::string expected =
      "  expected   data_batch_1.bin to data_batch_5.bin, one of them at least, and test_batch.bin, each "
      "plain or .gz\n"
      "  from       https://www.cs.toronto.edu/~kriz/cifar.html (the binary version)";
  EXPECT_EQ(message("cifar10", {.folders = {folder.path()}}),
            "cifar10: the data is not there\n  looked in  " + root +
                "/cifar10 (lacks test_batch.bin)\n  looked in  " + root + "/cifar-10 (no such folder)\n" +
                expected);
  EXPECT_EQ(message("cifar10:" + root), "cifar10: the data is not there\n  looked in  " + root +
                                            " (lacks every training batch and test_batch.bin)\n" + expected);
  EXPECT_EQ(message("cifar10"),
            "cifar10: the data is not there\n  looked in  no folder, as none was given\n" + expected);
}

TEST(Cifar10, WrongFiles) {
  const TemporaryFolder folder;
  const std::string spec = "cifar10:" + folder.path().string();
  const std::string train = folder.file("data_batch_1.bin", record(3, 10)).string();
  const std::string test = folder.file("test_batch.bin", record(3, 10) + "x").string();
  EXPECT_EQ(message(spec), test + ": 3074 bytes, expected records of 3073: a label and 3 x 32 x 32 pixels");
  folder.file("test_batch.bin", "");
  EXPECT_EQ(message(spec), test + ": 0 bytes, expected records of 3073: a label and 3 x 32 x 32 pixels");
  folder.file("test_batch.bin", record(3, 10));
  folder.file("data_batch_1.bin", record(3, 10) + record(10, 10));
  EXPECT_EQ(message(spec), train + ": label 1 is 10, expected 0 to 9");
  folder.file("data_batch_1.bin", gzip(record(3, 10)).substr(0, 20));
  EXPECT_EQ(message(spec).find(train + ": the gzip data ends early, after 20 bytes"), 0U);
}

TEST(Cifar10, TheRealOneIsAsItsUsersKnowIt) {
  const fs::path shared = source_path("../shared/data");
  if (!fs::exists(shared / "cifar-10")) GTEST_SKIP() << "no CIFAR-10 in " << shared;
  const DataSet data = load_data_set("cifar10", {.folders = {shared}});
  EXPECT_EQ(data.train.count % 10000, 0);
  EXPECT_EQ(data.test.count, 10000);
  EXPECT_EQ(data.classes.at(data.train.labels[0]), "frog");
  EXPECT_EQ(data.classes.at(data.test.labels[0]), "cat");
  EXPECT_EQ(data.train.pixels[0], 59);
}

}  // namespace
}  // namespace sinter
