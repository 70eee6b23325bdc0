#include "ir/philox.h"

#include <gtest/gtest.h>

#include <vector>

namespace sinter {
namespace {

using Words = std::array<uint32_t, 4>;

// Random123's kat_vectors, "philox4x32 10".
static_assert(philox(0, {0, 0, 0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox(0xffffffffffffffff, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}) ==
              Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});

TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox(0x299f31d0a4093822, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, StreamsAreNamedByFnv1a) {
  static_assert(stream_id("") == 0xcbf29ce484222325);  // the test suite of Noll's FNV page
  static_assert(stream_id("a") == 0xaf63dc4c8601ec8c);
  static_assert(stream_id("foobar") == 0x85944171f73967e8);
}

TEST(Random, EachCoordinateMatters) {
  const auto first = [](Random random) { return random.words(); };
  const uint64_t base = first({1, 2, 3, 4});
  EXPECT_EQ(base, first({1, 2, 3, 4}));
  for (const Random& other :
       {Random(0, 2, 3, 4), Random(1, 0, 3, 4), Random(1, 2, 0, 4), Random(1, 2, 3, 0),
        Random(1ull << 40, 2, 3, 4), Random(1, 1ull << 40, 3, 4), Random(1, 2, 3, 4 + (1ull << 40))})
    EXPECT_NE(base, first(other));
}

TEST(Random, GoesOnBeyondOneBlock) {
  Random random(7, stream_id("words"));
  std::vector<uint32_t> words;
  for (int i = 0; i < 12; ++i) words.push_back(random.word());
  for (size_t i = 0; i < words.size(); ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_NE(words[i], words[j]) << i << " and " << j;
}

struct Moments {
  double mean = 0, variance = 0, smallest = 1e9, largest = -1e9;
};

template <typename F>
Moments moments(F draw) {
  constexpr int count = 200000;
  double sum = 0, squares = 0;
  Moments result;
  for (int i = 0; i < count; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
    result.smallest = std::min(result.smallest, x);
    result.largest = std::max(result.largest, x);
  }
  result.mean = sum / count;
  result.variance = squares / count - result.mean * result.mean;
  return result;
}

TEST(Random, UniformIsUniform) {
  Random random(3, stream_id("uniform"));
  for (const Moments& m :
       {moments([&] { return random.uniform(); }), moments([&] { return random.uniform_double(); }),
        moments([&] { return (random.uniform(-2, 2) + 2) / 4; })}) {
    EXPECT_NEAR(m.mean, 0.5, 0.003);
    EXPECT_NEAR(m.variance, 1.0 / 12, 0.001);
    EXPECT_GE(m.smallest, 0);
    EXPECT_LT(m.largest, 1);
  }
}

TEST(Random, NormalIsNormal) {
  Random random(3, stream_id("normal"));
  int within_one = 0;
  const Moments m = moments([&] {
    const double x = random.normal();
    within_one += std::abs(x) < 1;
    return x;
  });
  EXPECT_NEAR(m.mean, 0, 0.01);
  EXPECT_NEAR(m.variance, 1, 0.02);
  EXPECT_NEAR(within_one / 200000.0, 0.6827, 0.005);
}

TEST(Random, IntegersAreEquallyLikely) {
  Random random(3, stream_id("integers"));
  std::array<int, 7> counts = {};
  for (int i = 0; i < 70000; ++i) ++counts.at(random.uniform_int(7));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
  EXPECT_EQ(random.uniform_int(1), 0);
  uint64_t largest = 0;
  for (int i = 0; i < 100; ++i) largest = std::max(largest, random.uniform_int(uint64_t{1} << 63));
  EXPECT_GT(largest, uint64_t{1} << 62);
  EXPECT_LT(largest, uint64_t{1} << 63);
}

}  // namespace
}  // namespace sinter
