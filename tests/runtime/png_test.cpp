#include "runtime/files/png.h"

#include "ir/error.h"
#include "ir/philox.h"
#include "tests/runtime/png_text.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

Image random_image(int64_t channels, int64_t height, int64_t width) {
  Image image{channels, height, width, {}};
  Random random(1, 0);
  for (int64_t i = 0; i < channels * height * width; ++i)
    image.pixels.push_back(static_cast<uint8_t>(random.word()));
  return image;
}

TEST(Png, RoundTrip) {
  const TemporaryFolder folder;
  for (const int64_t channels : {1, 3}) {
    const Image image = random_image(channels, 5, 7);
    write_png(folder / "a.png", image);
    EXPECT_EQ(read_png(folder / "a.png", channels), image);
  }
}

TEST(Png, GreyAndColourBecomeEachOther) {
  const TemporaryFolder folder;
  write_png(folder / "grey.png", {1, 1, 2, {10, 200}});
  EXPECT_EQ(read_png(folder / "grey.png", 3), (Image{3, 1, 2, {10, 200, 10, 200, 10, 200}}));
  write_png(folder / "colour.png", {3, 1, 4, {255, 0, 0, 10, 0, 255, 0, 100, 0, 0, 255, 200}});
  EXPECT_EQ(read_png(folder / "colour.png", 1),
            (Image{1, 1, 4, {76, 150, 29, 84}}));  // Pillow's convert("L")
}

TEST(Png, ReadsEveryKind) {
  const TemporaryFolder folder;
  const auto pixels = [&](const std::string& content, int64_t channels) {
    return read_png(folder.file("a.png", content), channels).pixels;
  };
  using Pixels = std::vector<uint8_t>;
  EXPECT_EQ(pixels(png(8, 1, 1, 0, std::string("\0\xa5", 2)), 1), (Pixels{255, 0, 255, 0, 0, 255, 0, 255}));
  EXPECT_EQ(pixels(png(2, 1, 16, 0, std::string("\0\x80\x80\xff\xff", 5)), 1), (Pixels{128, 255}));
  const std::string palette = png_chunk("PLTE", std::string("\x01\x02\x03\xf0\xf1\xf2", 6));
  EXPECT_EQ(pixels(png(2, 1, 8, 3, std::string("\0\1\0", 3), palette), 3),
            (Pixels{0xf0, 1, 0xf1, 2, 0xf2, 3}));
  // grey and alpha: opaque, and transparent over white
  EXPECT_EQ(pixels(png(2, 1, 8, 4, std::string("\0\x20\xff\x20\x00", 5)), 1), (Pixels{0x20, 255}));
  // colour and alpha, of 8 and of 16 bits; a palette whose second colour is transparent
  EXPECT_EQ(pixels(png(2, 1, 8, 6, std::string("\0\1\2\3\xff\1\2\3\0", 9)), 3),
            (Pixels{1, 255, 2, 255, 3, 255}));
  EXPECT_EQ(pixels(png(1, 1, 16, 6, std::string("\0\x80\x80\x10\x10\x20\x20\xff\xff", 9)), 3),
            (Pixels{0x80, 0x10, 0x20}));
  const std::string clear = png_chunk("tRNS", std::string("\xff\0", 2));
  EXPECT_EQ(pixels(png(2, 1, 8, 3, std::string("\0\1\0", 3), palette + clear), 3),
            (Pixels{255, 1, 255, 2, 255, 3}));
  // a colour picture as grey, a grey one in colour
  EXPECT_EQ(pixels(png(1, 1, 8, 2, std::string("\0\x40\x40\x40", 4)), 1), (Pixels{0x40}));
  EXPECT_EQ(pixels(png(1, 1, 16, 0, std::string("\0\x40\x40", 3)), 3), (Pixels{0x40, 0x40, 0x40}));
}

// v * a + 255 * (255 - a), over 255 and rounded, of the values as stored: not of linear light.
TEST(Png, TransparencyIsLaidOverWhite) {
  const TemporaryFolder folder;
  const auto pixels = [&](const std::string& content, int64_t channels) {
    return read_png(folder.file("a.png", content), channels).pixels;
  };
  using Pixels = std::vector<uint8_t>;
  EXPECT_EQ(pixels(png(4, 1, 8, 4, std::string("\0\0\x80\x20\x80\xff\x01\x20\xfe", 9)), 1),
            (Pixels{127, 143, 255, 33}));
  EXPECT_EQ(pixels(png(1, 1, 8, 4, std::string("\0\x20\x80", 3)), 3), (Pixels{143, 143, 143}));
  EXPECT_EQ(pixels(png(1, 1, 8, 6, std::string("\0\1\2\3\x40", 5)), 3), (Pixels{191, 192, 192}));
  EXPECT_EQ(pixels(png(1, 1, 16, 6, std::string("\0\1\1\2\2\3\3\x40\x40", 9)), 3), (Pixels{191, 192, 192}));
  const std::string palette = png_chunk("PLTE", std::string("\x01\x02\x03\xf0\xf1\xf2", 6));
  EXPECT_EQ(pixels(png(2, 1, 8, 3, std::string("\0\1\0", 3),
                       palette + png_chunk("tRNS", std::string("\xff\x80", 2))),
                   3),
            (Pixels{247, 1, 248, 2, 248, 3}));
}

TEST(Png, DamageIsRefusedWhereverItIs) {
  const TemporaryFolder folder;
  write_png(folder / "whole.png", random_image(3, 9, 11));
  const std::string whole = content_of(folder / "whole.png");
  const size_t end_of_pixels = whole.size() - 12;  // then comes IEND
  const std::string path = (folder / "a.png").string();
  for (size_t length = 0; length < end_of_pixels; ++length) {
    folder.file("a.png", whole.substr(0, length));
    EXPECT_EQ(message_of<InputError>([&] { read_png(path, 3); }).find(path + ": "), 0) << length;
  }
  const size_t pixels = whole.find("IDAT") + 4;
  for (size_t i = pixels; i < end_of_pixels; ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    folder.file("a.png", damaged);
    EXPECT_EQ(message_of<InputError>([&] { read_png(path, 3); }).find(path + ": the PNG is damaged: "), 0)
        << i;
  }
}

TEST(Png, NamesWhatIsWrong) {
  const TemporaryFolder folder;
  const auto expect = [&](const std::string& content, const std::string& message) {
    const std::string path = folder.file("a.png", content).string();
    EXPECT_EQ(message_of<InputError>([&] { read_png(path, 1); }), path + ": " + message);
  };
  const std::string no_png = "not a PNG file: it does not begin with the eight bytes every PNG begins with";
  expect("", no_png);
  expect("\xff\xd8\xff\xe0 a JPEG", no_png);
  expect(png(0, 1, 8, 0, std::string(1, '\0')),
         "the picture is zero-sized: 1 x 0 pixels (height x width), expected at least 1 x 1");
  expect(png(3, 0, 8, 2, ""),
         "the picture is zero-sized: 0 x 3 pixels (height x width), expected at least 1 x 1");
  expect(png(0xffffffff, 0xffffffff, 8, 0, ""), "the PNG is damaged: PNG unsigned integer out of range");
  expect(png(100000, 100000, 8, 0, ""),
         "the picture has 100000 x 100000 pixels (height x width), expected at most 268435456");
}

}  // namespace
}  // namespace sinter
