#include "runtime/data/image_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include "runtime/data/batch_loader.h"
#include "runtime/data/held_out.h"
#include "runtime/files/npy.h"
#include "runtime/files/png.h"
#include "tests/runtime/jpeg_text.h"
#include "tests/runtime/png_text.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

// Pictures of one colour, whose size differs from file to file.
class ImageFolder : public testing::Test {
 protected:
  void picture(const std::string& name, uint8_t value, int64_t side = 6) const {
    fs::create_directories((folder_ / name).parent_path());
    write_png(folder_ / name, {1, side, side + 1, std::vector<uint8_t>(side * (side + 1), value)});
  }
  // Splits with two classes of two pictures for training and one class of one for the test.
  void write_splits() const {
    picture("train/cat/b.png", 20);
    picture("train/cat/a.png", 10, 9);
    picture("train/dog/1.png", 30);
    folder_.file("train/dog/2.jpg", jpeg(5, 9, std::vector<uint8_t>(135, 40)));
    folder_.file("train/dog/.hidden", "no picture");
    picture("test/dog/x.png", 50);
  }
  DataSet load(const DataOptions& options) const { return load_data_set("images:" + root_, options); }
  std::string message(const DataOptions& options = {.resize = {2, 3}}) const {
    const std::string text = message_of<InputError>([&] { load(options); });
    EXPECT_EQ(text.find(root_), 0U) << text;
    return text.substr(std::min(root_.size(), text.size()));
  }

  TemporaryFolder folder_;
  std::string root_ = folder_.path().string();
};

std::vector<int> first_pixels(const Examples& examples) {
  std::vector<int> values;
  ExampleReader reader(examples);
  for (int64_t i = 0; i < examples.count; ++i) values.push_back(reader.read(i)[0]);
  return values;
}

TEST_F(ImageFolder, ClassesAndFilesAreOrderedByName) {
  write_splits();
  for (const int64_t most_bytes : {int64_t{1} << 30, int64_t{0}}) {  // in memory, in files
    const DataSet data = load({.resize = {2, 3}, .threads = 2, .most_bytes = most_bytes});
    EXPECT_EQ(data.classes, (std::vector<std::string>{"cat", "dog"}));
    EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{0, 0, 1, 1}));
    EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{1}));
    EXPECT_EQ(data.train.channels, 3);
    EXPECT_EQ(data.train.size(), (PictureSize{2, 3}));
    EXPECT_EQ(data.train.files.size(), most_bytes == 0 ? 4U : 0U);
    EXPECT_EQ(first_pixels(data.train), (std::vector<int>{10, 20, 30, 40}));
    EXPECT_EQ(first_pixels(data.test), (std::vector<int>{50}));
    EXPECT_TRUE(data.notes.empty());
  }
}

TEST_F(ImageFolder, TheModelsSizeAndChannelsAreTaken) {
  write_splits();
  const DataSet data = load({.model_size = {4, 5}, .model_channels = 1});
  EXPECT_EQ(data.train.channels, 1);
  EXPECT_EQ(data.train.size(), (PictureSize{4, 5}));
}

TEST_F(ImageFolder, TheLoaderDecodesOnItsThreads) {
  write_splits();
  const DataSet data = load({.resize = {2, 3}, .model_channels = 1, .most_bytes = 0});
  for (const int threads : {1, 3}) {
    BatchLoader loader(data.train, {.batch_size = 3, .threads = threads});
    loader.start(1);
    EXPECT_EQ(loader.next()->images.values<float>()[6], 20.0F / 255);
    EXPECT_EQ(loader.next()->images.values<float>()[0], 40.0F / 255);
    EXPECT_EQ(loader.next(), nullptr);
    fs::remove(folder_ / "train/dog/2.jpg");  // what goes away later is an error then
    loader.start(2);
    EXPECT_NE(loader.next(), nullptr);
    EXPECT_EQ(message_of<InputError>([&] { loader.next(); }),
              "cannot read " + root_ + "/train/dog/2.jpg: No such file or directory");
    folder_.file("train/dog/2.jpg", jpeg(5, 9, std::vector<uint8_t>(135, 40)));
  }
}

TEST_F(ImageFolder, ValIsATestSplitToo) {
  picture("train/cat/a.png", 10);
  picture("val/cat/b.png", 20);
  EXPECT_EQ(first_pixels(load({.resize = {2, 3}}).test), (std::vector<int>{20}));
}

TEST_F(ImageFolder, BadFilesAreNamedOrSkippedAndCounted) {
  write_splits();
  folder_.file("train/cat/notes.txt", "no picture");
  const std::string png = content_of(folder_ / "train/cat/b.png");
  folder_.file("train/cat/c.png", png.substr(0, png.size() / 2));
  folder_.file("test/dog/empty.png", "");
  fs::create_directory(folder_ / "test/dog/more");
  EXPECT_EQ(
      message(),
      "/train/cat/c.png: the PNG is damaged: read beyond end of data; --skip-bad leaves such files out");
  for (const int64_t most_bytes : {int64_t{1} << 30, int64_t{0}}) {
    const DataSet data = load({.resize = {2, 3}, .skip_bad = true, .threads = 3, .most_bytes = most_bytes});
    EXPECT_EQ(first_pixels(data.train), (std::vector<int>{10, 20, 30, 40}));
    EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{0, 0, 1, 1}));
    EXPECT_EQ(first_pixels(data.test), (std::vector<int>{50}));
    EXPECT_EQ(
        data.notes,
        (std::vector<std::string>{
            "2 of 6 training files are no sound pictures and were skipped:\n  " + root_ +
                "/train/cat/c.png: the PNG is damaged: read beyond end of data\n  " + root_ +
                "/train/cat/notes.txt: neither a PNG nor a JPEG picture: it begins with the bytes 6e "
                "6f 20 70",
            "2 of 3 test files are no sound pictures and were skipped:\n  " + root_ +
                "/test/dog/empty.png: the file is empty, expected a PNG or JPEG picture\n  cannot read " +
                root_ + "/test/dog/more: Is a directory"}));
  }
}

TEST_F(ImageFolder, EveryKindOfPictureIsReadAndEveryKindOfDamageCounted) {
  fs::create_directories(folder_ / "train/a");
  const auto write = [&](const std::string& name, const std::string& content) {
    folder_.file("train/a/" + name, content);
  };
  const std::string palette = png_chunk("PLTE", std::string("\x10\x20\x30", 3));
  const std::vector<uint8_t> inks(4 * 64, 128), colours(3 * 64, 128), greys(64, 128);
  const std::string sound = png(1, 1, 8, 0, std::string("\0\x40", 2)), photo = jpeg(8, 8, colours);
  write("alpha.png", png(1, 1, 8, 6, std::string("\0\1\2\3\xff", 5)));
  write("grey.png", sound);
  write("grey-alpha.png", png(1, 1, 8, 4, std::string("\0\x20\xff", 3)));
  write("deep.png", png(1, 1, 16, 2, std::string("\0\x80\x80\x10\x10\x20\x20", 7)));
  write("palette.png", png(1, 1, 8, 3, std::string("\0\0", 2), palette));
  write("grey.jpg", jpeg(8, 8, greys, {.input = JCS_GRAYSCALE}));
  write("inks.jpg", jpeg(8, 8, inks, {.input = JCS_CMYK, .adobe = true}));
  write("progressive.jpg", jpeg(8, 8, colours, {.progressive = true}));
  picture("test/a/b.png", 1);
  const DataOptions strict{.resize = {2, 3}}, lenient{.resize = {2, 3}, .skip_bad = true};
  EXPECT_EQ(load(strict).train.count, 8);
  const std::pair<std::string, std::string> bad[] = {
      {sound.substr(0, sound.size() - 20), "the PNG is damaged: read beyond end of data"},
      {photo.substr(0, photo.size() - 9), "the JPEG is damaged: Premature end of JPEG file"},
      {png(0, 1, 8, 0, ""),
       "the picture is zero-sized: 1 x 0 pixels (height x width), expected at least 1 x 1"},
      {"GIF89a", "neither a PNG nor a JPEG picture: it begins with the bytes 47 49 46 38"},
      {"", "the file is empty, expected a PNG or JPEG picture"}};
  for (const auto& [content, message] : bad) {
    write("bad", content);
    EXPECT_EQ(this->message(strict), "/train/a/bad: " + message + "; --skip-bad leaves such files out");
    EXPECT_EQ(load(lenient).notes,
              (std::vector<std::string>{"1 of 9 training files is no sound picture and was skipped:\n  " +
                                        root_ + "/train/a/bad: " + message}));
  }
}

TEST_F(ImageFolder, OfManyBadFilesTheFirstTenAreNamed) {
  write_splits();
  const auto note_of = [&](int bad) {
    for (int i = 0; i < bad; ++i) folder_.file(fmt::format("train/cat/c{:02}", i), "");
    return load({.resize = {2, 3}, .skip_bad = true, .threads = 2}).notes.at(0);
  };
  std::string named;
  for (int i = 0; i < 10; ++i)
    named +=
        fmt::format("\n  {}/train/cat/c{:02}: the file is empty, expected a PNG or JPEG picture", root_, i);
  EXPECT_EQ(note_of(10), "10 of 14 training files are no sound pictures and were skipped:" + named);
  EXPECT_EQ(note_of(13),
            "13 of 17 training files are no sound pictures and were skipped:" + named + "\n  and 3 more");
}

// As torchvision's ImageFolder has it. What is skipped moves no other class's label.
TEST_F(ImageFolder, AClassWithoutPicturesIsNamedOrCounted) {
  write_splits();
  fs::create_directories(folder_ / "train/bird");
  EXPECT_EQ(message(),
            "/train: no pictures in the folder bird; expected at least one of each class; --skip-bad goes on "
            "without");
  fs::create_directories(folder_ / "train/cow");
  folder_.file("train/cow/.hidden", "");
  EXPECT_EQ(message(),
            "/train: no pictures in the folders bird, cow; expected at least one of each class; --skip-bad "
            "goes on without");
  const DataSet data = load({.resize = {2, 3}, .skip_bad = true});
  EXPECT_EQ(data.classes, (std::vector<std::string>{"bird", "cat", "cow", "dog"}));
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{1, 1, 3, 3}));
  EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{3}));
  EXPECT_EQ(data.notes, (std::vector<std::string>{"2 of 4 classes without a training picture: bird, cow"}));
  picture("train/bird/a.png", 1);
  folder_.file("train/cow/a.png", "no picture");
  fs::create_directories(folder_ / "test/cat");
  EXPECT_EQ(message(),
            "/test: no pictures in the folder cat; expected at least one of each class; --skip-bad goes on "
            "without");
  EXPECT_EQ(load({.resize = {2, 3}, .skip_bad = true}).notes[1],
            "1 of 4 classes without a training picture: cow");
}

TEST_F(ImageFolder, WithoutATestSplitAllIsForTraining) {
  picture("cat/a.png", 10);
  picture("dog/a.png", 20);
  for (const int64_t most_bytes : {int64_t{1} << 30, int64_t{0}}) {
    const DataSet data = load({.resize = {2, 3}, .most_bytes = most_bytes});
    EXPECT_EQ(first_pixels(data.train), (std::vector<int>{10, 20}));
    EXPECT_EQ(data.test.count, 0);
    EXPECT_EQ(data.notes,
              (std::vector<std::string>{"no test split, so that nothing is evaluated; --test-share 0.2 holds "
                                        "out a fifth of each class"}));
    BatchLoader loader(data.test, {.batch_size = 2});
    loader.start(0);
    EXPECT_EQ(loader.next(), nullptr);
  }
}

// Nobody writes to it: who opens it waits for ever.
TEST_F(ImageFolder, APipeIsNoPicture) {
  write_splits();
  ASSERT_EQ(mkfifo((folder_ / "train/cat/c.png").c_str(), 0600), 0);
  EXPECT_EQ(
      message(),
      "/train/cat/c.png: a pipe or socket, expected a PNG or JPEG picture; --skip-bad leaves such files out");
  EXPECT_EQ(load({.resize = {2, 3}, .skip_bad = true}).train.count, 4);
}

TEST_F(ImageFolder, AShareOfEachClassIsHeldOut) {
  for (int i = 0; i < 10; ++i) picture("cat/" + std::to_string(i) + ".png", static_cast<uint8_t>(i));
  for (int i = 0; i < 3; ++i) picture("dog/" + std::to_string(i) + ".png", static_cast<uint8_t>(100 + i));
  const DataSet data = load({.resize = {2, 3}, .test_share = 0.2});
  EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{0, 0, 1}));
  EXPECT_EQ(data.train.count, 10);
  std::vector<int> all = first_pixels(data.train);
  for (const int pixel : first_pixels(data.test)) all.push_back(pixel);
  std::ranges::sort(all);
  EXPECT_EQ(all, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 101, 102}));
  EXPECT_EQ(load({.seed = 5, .resize = {2, 3}, .test_share = 0.2}).test, data.test);
}

TEST_F(ImageFolder, SaysWhatIsMissing) {
  EXPECT_EQ(message({}), ": pictures of a folder have sizes of their own; --resize HxW gives them one");
  EXPECT_EQ(message(), ": no folders of pictures, expected one for each class");
  picture("cat/a.png", 1);
  EXPECT_EQ(
      message({.resize = {2, 3}, .needs_test = true}),
      ": no test split: expected the folders train and test (or val) in it, or --test-share 0.2 to hold "
      "out a fifth of each class");
  EXPECT_EQ(message({.resize = {2, 3}, .test_share = 0.2}), ": no test pictures");
  write_splits();
  EXPECT_EQ(message({.resize = {2, 3}, .test_share = 0.2}),
            ": it has a test split, " + root_ + "/test; expected no --test-share beside it");
  picture("test/mouse/a.png", 1);
  EXPECT_EQ(message(), "/test/mouse: a class that has no training pictures; those that have are cat, dog");
  fs::remove_all(folder_ / "test");
  fs::create_directories(folder_ / "test/dog");
  EXPECT_EQ(message({.resize = {2, 3}, .skip_bad = true}), ": no test pictures");
  folder_.file("test/dog/a", "b");
  EXPECT_EQ(message({.resize = {2, 3}, .skip_bad = true}), ": no test pictures are left of 1 files");
  EXPECT_EQ(message_of<InputError>([&] {
              load_data_set("images:/nowhere", {.resize = {2, 3}});
            }),
            "/nowhere: cannot read this folder: No such file or directory");
  EXPECT_EQ(message_of<InputError>([&] { load_data_set("images", {}); }),
            "data set \"images\": expected images:DIR, a folder with one for each class");
  EXPECT_EQ(message_of<InputError>([&] { load_data_set("mnist", {.skip_bad = true}); }),
            "data set \"mnist\": --skip-bad is for images:DIR; a damaged file is an error");
  EXPECT_EQ(message_of<InputError>([&] { load_data_set("synthetic", {.test_share = 0.1}); }),
            "data set \"synthetic\" has a test split; expected no --test-share beside it");
}

class NpySet : public testing::Test {
 protected:
  std::string file(const std::string& name, const Tensor& tensor) const {
    write_npy(folder_ / name, tensor);
    return folder_ / name;
  }
  std::string message(const std::string& files, const DataOptions& options = {}) const {
    return message_of<InputError>([&] { load_data_set("npy:" + files, options); });
  }
  static Tensor pictures(std::vector<int64_t> shape) {
    Tensor tensor(DType::u8, std::move(shape));
    for (int64_t i = 0; i < tensor.count(); ++i) tensor.values<uint8_t>()[i] = static_cast<uint8_t>(i);
    return tensor;
  }
  TemporaryFolder folder_;
};

TEST_F(NpySet, ReadsBothSplits) {
  const std::string x = file("x.npy", pictures({4, 3, 2, 5})),
                    y = file("y.npy", Tensor::of<int32_t>({4}, {0, 2, 1, 0}));
  const std::string x2 = file("x2.npy", pictures({2, 3, 2, 5})),
                    y2 = file("y2.npy", Tensor::of<int64_t>({2}, {1, 2}));
  const DataSet data = load_data_set("npy:" + x + "," + y + "," + x2 + "," + y2, {});
  EXPECT_EQ(data.name, "x");
  EXPECT_EQ(data.classes, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(data.train.labels, (std::vector<uint16_t>{0, 2, 1, 0}));
  EXPECT_EQ(data.train.pixels[31], 31);
  EXPECT_EQ(data.test.labels, (std::vector<uint16_t>{1, 2}));
  EXPECT_EQ(data.test.channels, 3);
}

TEST_F(NpySet, HoldsAShareOut) {
  const std::string x = file("x.npy", pictures({4, 2, 3})),
                    y = file("y.npy", Tensor::of<uint8_t>({4}, {0, 1, 1, 0}));
  const DataSet data = load_data_set("npy:" + x + "," + y, {.test_share = 0.5});
  EXPECT_EQ(data.train.count, 2);
  EXPECT_EQ(data.train.channels, 1);
  for (const Examples* split : {&data.train, &data.test})
    for (int64_t i = 0; i < 2; ++i) EXPECT_EQ(split->labels[i], split->pixels[i * 6] / 6 % 3 == 0 ? 0 : 1);
}

TEST_F(NpySet, TheModelSaysHowManyClassesThereAre) {
  const std::string x = file("x.npy", pictures({2, 2, 3})),
                    y = file("y.npy", Tensor::of<uint8_t>({2}, {1, 0})),
                    y2 = file("y2.npy", Tensor::of<uint8_t>({2}, {2, 1}));
  const std::string set = "npy:" + x + "," + y + "," + x + "," + y2;
  EXPECT_EQ(load_data_set(set, {.model_classes = 5}).classes,
            (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(load_data_set(set, {}).classes, (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(NpySet, WithoutATestSplitAllIsForTraining) {
  const std::string y = file("y.npy", Tensor::of<uint8_t>({2}, {1, 0}));
  for (const std::string& x :
       {file("x.npy", pictures({2, 3, 2, 3})), file("f.npy", Tensor(DType::f32, {2, 3, 2, 3}))}) {
    const DataSet data = load_data_set("npy:" + x + "," + y, {});
    EXPECT_EQ(data.train.count, 2);
    EXPECT_EQ(data.test, (Examples{.channels = 3, .height = 2, .width = 3}));
    EXPECT_EQ(data.notes.size(), 1U);
  }
}

TEST_F(NpySet, FloatsAreTakenAsTheyAre) {
  Tensor values(DType::f32, {4, 2, 1, 3});
  for (int64_t i = 0; i < values.count(); ++i) values.values<float>()[i] = static_cast<float>(i) - 9.5F;
  const std::string x = file("x.npy", values), y = file("y.npy", Tensor::of<uint8_t>({4}, {0, 1, 1, 0}));
  const DataSet whole = load_data_set("npy:" + x + "," + y + "," + x + "," + y, {});
  BatchLoader loader(whole.train, {.batch_size = 4});
  loader.start(0);
  EXPECT_EQ(loader.next()->images, values);
  const DataSet parts = load_data_set("npy:" + x + "," + y, {.test_share = 0.5});
  EXPECT_EQ(parts.train.count, 2);
  EXPECT_TRUE(parts.train.pixels.empty());
  for (const Examples* split : {&parts.train, &parts.test})
    for (int64_t i = 0; i < 2; ++i) {
      const float* first = split->values.get() + i * 6;
      const int64_t number = std::lround(first[0] + 9.5F) / 6;
      EXPECT_EQ(split->labels[i], number % 3 == 0 ? 0 : 1);
      EXPECT_TRUE(std::equal(first, first + 6, values.values<float>().data() + number * 6));
    }
}

TEST_F(NpySet, SaysWhatIsWrong) {
  const std::string x = file("x.npy", pictures({2, 2, 3})),
                    y = file("y.npy", Tensor::of<int64_t>({2}, {0, 1}));
  const std::string usage = "expected npy:X.npy,Y.npy or npy:X.npy,Y.npy,XTEST.npy,YTEST.npy";
  EXPECT_EQ(message(x), "data set \"npy:" + x + "\": " + usage);
  EXPECT_EQ(message(x + ","), "data set \"npy:" + x + ",\": " + usage);
  EXPECT_EQ(message(x + "," + y, {.needs_test = true}),
            "data set \"npy:" + x + "," + y +
                "\" has no test split: expected two more files, or --test-share 0.2 to "
                "hold out a fifth of each class");
  const std::string four = x + "," + y + "," + x + "," + y;
  EXPECT_EQ(message(four, {.test_share = 0.1}),
            "data set \"npy:" + four + "\" has a test split; expected no --test-share beside it");
  const DataOptions share{.test_share = 0.5};
  EXPECT_EQ(message(y + "," + y, share),
            y + ": holds i64[2], expected u8 or f32, [n, height, width] or [n, channels, height, width]");
  const std::string two = file("two.npy", pictures({2, 2, 3, 3}));
  EXPECT_EQ(message(two + "," + y, share),
            two + ": holds u8[2, 2, 3, 3], expected 1 or 3 channels as its second dimension");
  EXPECT_EQ(message(x + "," + x, share),
            x + ": holds u8[2, 2, 3], expected i64[2], i32 or u8: a label for each picture in " + x);
  const std::string low = file("low.npy", Tensor::of<int64_t>({2}, {0, -1}));
  EXPECT_EQ(message(x + "," + low, share), low + ": label 1 is -1, expected 0 to 65535");
  EXPECT_EQ(message(x + "," + y, share), x + ": 2 pictures are too few for a test split");
  const std::string high = file("high.npy", Tensor::of<int64_t>({2}, {0, 2}));
  EXPECT_EQ(message(x + "," + y + "," + x + "," + high, {.model_classes = 2}),
            high + ": label 1 is 2, expected 0 to 1, a number for each of the model's outputs");
  const std::string tall = file("tall.npy", pictures({2, 3, 3}));
  EXPECT_EQ(message(x + "," + y + "," + tall + "," + y),
            tall + ": pictures of 1 x 3 x 3, expected 1 x 2 x 3 as in " + x);
  const std::string values = file("values.npy", Tensor(DType::f32, {2, 2, 3}));
  EXPECT_EQ(message(x + "," + y + "," + values + "," + y), values + ": holds f32, expected u8 as in " + x);
  EXPECT_EQ(message(values + "," + y + "," + values + "," + y, {.resize = {4, 4}}),
            "data set \"npy:" + values + "," + y + "," + values + "," + y +
                "\" holds f32, which is taken as it is; expected no --resize beside it");
}

}  // namespace
}  // namespace sinter
