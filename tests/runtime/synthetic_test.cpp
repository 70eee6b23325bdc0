#include "runtime/data/synthetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "runtime/data/data_set.h"

namespace sinter {
namespace {

constexpr size_t plane = 28 * 28;

TEST(Synthetic, DependsOnSeedSplitAndIndexAlone) {
  const Examples train = draw_glyphs({.count = 50, .seed = 1, .split = "train"});
  EXPECT_EQ(train, draw_glyphs({.count = 50, .seed = 1, .split = "train"}));
  const Examples longer = draw_glyphs({.count = 60, .seed = 1, .split = "train"});
  EXPECT_TRUE(std::equal(train.pixels.begin(), train.pixels.end(), longer.pixels.begin()));
  EXPECT_NE(train.pixels, draw_glyphs({.count = 50, .seed = 2, .split = "train"}).pixels);
  EXPECT_NE(train.pixels, draw_glyphs({.count = 50, .seed = 1, .split = "test"}).pixels);
}

TEST(Synthetic, NoTwoPicturesAreTheSame) {
  const Examples examples = draw_glyphs({.count = 300, .seed = 0});
  std::vector<std::vector<uint8_t>> pictures;
  for (auto at = examples.pixels.begin(); at != examples.pixels.end(); at += plane)
    pictures.emplace_back(at, at + plane);
  std::sort(pictures.begin(), pictures.end());
  EXPECT_EQ(std::unique(pictures.begin(), pictures.end()), pictures.end());
}

TEST(Synthetic, IsADataSet) {
  const DataSet data = load_data_set("synthetic", {.seed = 3});
  EXPECT_EQ(data.classes.size(), 10);
  EXPECT_EQ(data.train.count, 20000);
  EXPECT_EQ(data.test.count, 4000);
  EXPECT_EQ(data.train.pixels.size(), 20000 * plane);
  std::array<int, 10> counts = {};
  for (const uint8_t label : data.train.labels) ++counts.at(label);
  for (const int count : counts) EXPECT_EQ(count, 2000);
}

using Means = std::array<std::array<double, plane>, 10>;

Means class_means(const Examples& examples) {
  Means means = {};
  for (int64_t i = 0; i < examples.count; ++i)
    for (size_t p = 0; p < plane; ++p)
      means[examples.labels[i]][p] +=
          10.0 / static_cast<double>(examples.count) * examples.pixels[i * plane + p];
  return means;
}

size_t nearest(const Means& means, const uint8_t* picture) {
  std::array<double, 10> distances = {};
  for (size_t c = 0; c < 10; ++c)
    for (size_t p = 0; p < plane; ++p) {
      const double difference = means[c][p] - picture[p];
      distances[c] += difference * difference;
    }
  return std::min_element(distances.begin(), distances.end()) - distances.begin();
}

TEST(Synthetic, CanBeLearntButNotByAveraging) {
  const Means means = class_means(draw_glyphs({.count = 3000, .seed = 0, .split = "train"}));
  const Examples test = draw_glyphs({.count = 1000, .seed = 0, .split = "test"});
  int right = 0;
  for (int64_t i = 0; i < test.count; ++i) right += nearest(means, &test.pixels[i * plane]) == test.labels[i];
  EXPECT_GT(right, 200);  // chance: 100
  EXPECT_LT(right, 900);
}

}  // namespace
}  // namespace sinter
