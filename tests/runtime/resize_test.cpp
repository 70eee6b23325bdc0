#include "runtime/data/resize.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "runtime/data/batch_loader.h"
#include "tests/runtime/small_data.h"

namespace sinter {
namespace {

std::vector<uint8_t> pattern(int64_t count) {
  std::vector<uint8_t> pixels(count);
  for (int64_t i = 0; i < count; ++i) pixels[i] = static_cast<uint8_t>(i * 37 + i * i * 11);
  return pixels;
}

std::vector<uint8_t> resized(PictureSize from, PictureSize to) {
  std::vector<uint8_t> target(to.height * to.width);
  Resizer(from, to).run(pattern(from.height * from.width).data(), target.data());
  return target;
}

uint64_t checksum(const std::vector<uint8_t>& bytes) { return crc32(0, bytes.data(), bytes.size()); }

// The expected values are those of Pillow 9.4: Image.frombytes("L", ...).resize(..., BILINEAR).
TEST(Resize, IsPillowsToTheBit) {
  EXPECT_EQ(resized({4, 5}, {2, 3}), (std::vector<uint8_t>{106, 118, 159, 174, 166, 106}));
  EXPECT_EQ(resized({4, 5}, {4, 3}),
            (std::vector<uint8_t>{21, 123, 129, 162, 92, 214, 195, 184, 81, 157, 172, 95}));
  EXPECT_EQ(resized({4, 5}, {3, 5}),
            (std::vector<uint8_t>{61, 65, 92, 217, 108, 197, 154, 133, 134, 157, 207, 117, 228, 105, 80}));
  EXPECT_EQ(resized({4, 5}, {1, 1}), (std::vector<uint8_t>{139}));
  EXPECT_EQ(
      resized({4, 5}, {7, 9}),
      (std::vector<uint8_t>{0,   16,  43,  79,  118, 169, 194, 115, 68,  73,  71,  69,  76,  87,  159, 206,
                            149, 115, 189, 160, 112, 72,  36,  144, 226, 204, 191, 197, 183, 159, 145, 133,
                            134, 137, 150, 157, 192, 192, 193, 212, 235, 128, 51,  88,  111, 205, 178, 133,
                            170, 228, 156, 97,  89,  83,  214, 169, 95,  144, 224, 174, 126, 89,  66}));
  EXPECT_EQ(checksum(resized({28, 28}, {224, 224})), 3419388004U);
  EXPECT_EQ(checksum(resized({28, 28}, {96, 96})), 3211472942U);
  EXPECT_EQ(checksum(resized({28, 28}, {17, 17})), 3853122563U);
  EXPECT_EQ(checksum(resized({375, 500}, {160, 224})), 1209133711U);
}

TEST(Resize, TheSameSizeChangesNothing) { EXPECT_EQ(resized({4, 5}, {4, 5}), pattern(20)); }

TEST(Resize, TheLoaderGivesResizedPictures) {
  Examples examples = small_data(3).train;
  examples.resize = {56, 40};
  BatchLoader loader(examples, {.batch_size = 3});
  loader.start(1);
  const Batch* batch = loader.next();
  ASSERT_EQ(batch->images.shape(), (std::vector<int64_t>{3, 1, 56, 40}));
  std::vector<uint8_t> expected(56 * 40);
  Resizer(PictureSize{28, 28}, PictureSize{56, 40}).run(examples.pixels.data() + 2 * 784, expected.data());
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(batch->images.values<float>()[2 * 56 * 40 + i], static_cast<float>(expected[i]) / 255);
}

}  // namespace
}  // namespace sinter
