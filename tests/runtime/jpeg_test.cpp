#include "runtime/files/jpeg.h"

#include "ir/philox.h"
#include "tests/runtime/jpeg_text.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

class Jpeg : public testing::Test {
 protected:
  Image read(const std::string& content, int64_t channels) {
    return read_image(folder_.file("a.jpg", content), channels);
  }
  std::string message(const std::string& content) {
    const std::string path = folder_.file("a.jpg", content).string();
    const std::string message = message_of<InputError>([&] { read_image(path, 3); });
    EXPECT_EQ(message.find(path + ": "), 0U) << message;
    return message.substr(std::min(message.size(), path.size() + 2));
  }
  TemporaryFolder folder_;
};

std::vector<uint8_t> filled(int height, int width, const std::vector<uint8_t>& pixel) {
  std::vector<uint8_t> pixels;
  for (int i = 0; i < height * width; ++i) pixels.insert(pixels.end(), pixel.begin(), pixel.end());
  return pixels;
}

void expect_all(const Image& image, const std::vector<int>& planes) {
  ASSERT_EQ(image.channels, static_cast<int64_t>(planes.size()));
  ASSERT_EQ(image.height, 5);
  ASSERT_EQ(image.width, 9);
  for (size_t i = 0; i < image.pixels.size(); ++i) ASSERT_NEAR(image.pixels[i], planes[i / 45], 2) << i;
}

TEST_F(Jpeg, EveryKindAsGreyAndInColour) {
  for (const bool progressive : {false, true}) {
    const std::string grey =
        jpeg(5, 9, filled(5, 9, {77}), {.input = JCS_GRAYSCALE, .progressive = progressive});
    expect_all(read(grey, 1), {77});
    expect_all(read(grey, 3), {77, 77, 77});
    const std::string colour = jpeg(5, 9, filled(5, 9, {200, 100, 50}), {.progressive = progressive});
    expect_all(read(colour, 3), {200, 100, 50});
    expect_all(read(colour, 1), {124});  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    // 100 of 255 parts of cyan, 50 of black
    const std::string inks = jpeg(5, 9, filled(5, 9, {100, 0, 200, 50}),
                                  {.input = JCS_CMYK, .progressive = progressive, .adobe = false});
    expect_all(read(inks, 3), {155 * 205 / 255, 205, 55 * 205 / 255});
    const std::string adobe = jpeg(5, 9, filled(5, 9, {155, 255, 55, 205}),
                                   {.input = JCS_CMYK, .progressive = progressive, .adobe = true});
    expect_all(read(adobe, 3), {155 * 205 / 255, 205, 55 * 205 / 255});
    expect_all(read(adobe, 1), {163});
  }
}

TEST_F(Jpeg, PlanesAreInPlace) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 16; ++x)
      for (const int value : {x * 16, y * 16, 128}) pixels.push_back(static_cast<uint8_t>(value));
  const Image image = read(jpeg(16, 16, pixels), 3);
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 16; ++x) {
      EXPECT_NEAR(image.pixels[y * 16 + x], x * 16, 6);
      EXPECT_NEAR(image.pixels[256 + y * 16 + x], y * 16, 6);
    }
}

TEST_F(Jpeg, TruncatedAnywhereIsAnError) {
  std::vector<uint8_t> noise(20 * 20 * 3);
  Random random(1, 0);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random.word());
  for (const bool progressive : {false, true}) {
    const std::string whole = jpeg(20, 20, noise, {.progressive = progressive});
    EXPECT_EQ(read(whole, 3).pixels.size(), noise.size());
    for (size_t length = 3; length + 2 < whole.size(); length += 7)
      EXPECT_EQ(message(whole.substr(0, length)).find("the JPEG is damaged: "), 0U) << length;
    EXPECT_EQ(message(whole.substr(0, whole.size() / 2)), "the JPEG is damaged: Premature end of JPEG file");
  }
}

TEST_F(Jpeg, NoDamageCrashesOrEndsTheProgram) {
  const std::string whole = jpeg(12, 12, filled(12, 12, {1, 100, 200}));
  Random random(2, 0);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    for (uint64_t flips = 1 + random.uniform_int(3); flips > 0; --flips)
      damaged[random.uniform_int(damaged.size())] = static_cast<char>(random.word());
    const std::filesystem::path path = folder_.file("a.jpg", damaged);
    try {
      read_image(path, 3);
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).find(path.string() + ": "), 0U);
    }
  }
}

TEST_F(Jpeg, NamesWhatIsNoPicture) {
  EXPECT_EQ(message(""), "the file is empty, expected a PNG or JPEG picture");
  EXPECT_EQ(message("GIF89a"), "neither a PNG nor a JPEG picture: it begins with the bytes 47 49 46 38");
  EXPECT_EQ(message("\xff"), "neither a PNG nor a JPEG picture: it begins with the bytes ff");
  std::string none = jpeg(5, 9, filled(5, 9, {1, 2, 3}));
  const size_t frame = none.find("\xff\xc0");
  none[frame + 5] = none[frame + 6] = 0;  // its height
  EXPECT_EQ(message(none),
            "the picture is zero-sized: 0 x 9 pixels (height x width), expected at least 1 x 1");
  std::string large = jpeg(5, 9, filled(5, 9, {1, 2, 3}));
  large.replace(frame + 5, 4, "\xff\xdc\xff\xdc");
  EXPECT_EQ(message(large),
            "the picture has 65500 x 65500 pixels (height x width), expected at most 268435456");
}

}  // namespace
}  // namespace sinter
