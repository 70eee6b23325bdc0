#include "runtime/data/augmentation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "runtime/data/batch_loader.h"
#include "tests/runtime/small_data.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

constexpr PictureSize size{2, 3};
constexpr uint8_t picture[] = {1, 2, 3, 4, 5, 6};

std::vector<float> plane(const Draw& draw) {
  std::array<float, 256> values{};
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) + 0.5F;
  std::vector<float> plane(6);
  write_plane(picture, size, draw, values, plane.data());
  for (float& value : plane) value -= 0.5F;
  return plane;
}

TEST(Augmentation, CutsPadsAndFlips) {
  using Plane = std::vector<float>;
  EXPECT_EQ(plane({}), (Plane{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(plane({.flip = true}), (Plane{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(plane({.down = 1}), (Plane{4, 5, 6, 0, 0, 0}));
  EXPECT_EQ(plane({.down = -1}), (Plane{0, 0, 0, 1, 2, 3}));
  EXPECT_EQ(plane({.right = 1}), (Plane{2, 3, 0, 5, 6, 0}));
  EXPECT_EQ(plane({.right = -2}), (Plane{0, 0, 1, 0, 0, 4}));
  EXPECT_EQ(plane({.down = -1, .right = 1, .flip = true}), (Plane{0, 0, 0, 0, 3, 2}));
  EXPECT_EQ(plane({.down = 2}), Plane(6));
  EXPECT_EQ(plane({.right = 3}), Plane(6));
  EXPECT_EQ(plane({.right = -5}), Plane(6));
}

TEST(Augmentation, EveryPlaceIsDrawnAboutAsOften) {
  const Augmentation augmentation{.crop_padding = 1, .flip = true};
  std::map<std::array<int64_t, 3>, int> counts;
  for (int64_t example = 0; example < 18000; ++example) {
    const Draw drawn = draw(augmentation, 7, 3, example);
    ++counts[{drawn.down, drawn.right, drawn.flip}];
  }
  ASSERT_EQ(counts.size(), 18U);
  for (const auto& [what, count] : counts) EXPECT_NEAR(count, 1000, 130);
  EXPECT_FALSE(draw({.crop_padding = 1}, 7, 3, 5).flip);
  EXPECT_EQ(draw({.flip = true}, 7, 3, 5).down, 0);
}

std::vector<float> epoch_of(const Examples& examples, uint64_t seed, int64_t epoch, int threads,
                            int64_t first = 0) {
  BatchLoader loader(examples, {.batch_size = 7,
                                .shuffle = true,
                                .seed = seed,
                                .augmentation = {.crop_padding = 4, .flip = true},
                                .threads = threads});
  loader.start(epoch, first);
  std::vector<float> pixels;
  while (const Batch* batch = loader.next()) {
    const auto values = batch->images.values<float>();
    pixels.insert(pixels.end(), values.begin(), values.end());
  }
  return pixels;
}

TEST(Augmentation, DependsOnSeedEpochAndExampleAlone) {
  const Examples examples = small_data(60).train;
  const std::vector<float> one = epoch_of(examples, 1, 2, 1);
  EXPECT_EQ(epoch_of(examples, 1, 2, 4), one);
  EXPECT_NE(epoch_of(examples, 2, 2, 1), one);
  EXPECT_NE(epoch_of(examples, 1, 3, 1), one);
  // From any of its batches on, an epoch is the same.
  for (const int64_t first : {1, 5, 8, 9}) {
    const auto begin = one.begin() + std::min<int64_t>(first * 7, 60) * 784;
    EXPECT_EQ(epoch_of(examples, 1, 2, 3, first), std::vector<float>(begin, one.end())) << first;
  }
}

TEST(Augmentation, BadOptionsAreRefused) {
  const Examples examples = small_data(4).train;
  EXPECT_EQ(message_of<InputError>([&] { BatchLoader(examples, {.augmentation = {.crop_padding = -1}}); }),
            "a crop with -1 pixels of padding, expected at least 0");
  EXPECT_EQ(message_of<InputError>([&] { BatchLoader(examples, {.threads = 0}); }),
            "0 loader threads, expected at least 1");
}

}  // namespace
}  // namespace sinter
