#include "ir/relayout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "ir/error.h"
#include "tests/ir/naive_ops.h"
#include "tests/random/random_tensor.h"

/// Layouts and moves between them against an offset worked out digit by digit.
namespace sinter {
namespace {

using Sizes = std::vector<int64_t>;

// Where the tag says an element lies: its index in mixed radix, block by block from the innermost out, then
// what is left of each dimension.
int64_t naive_offset(const Layout& layout, const Sizes& sizes, Sizes index) {
  Sizes left = layout.padded(sizes);
  int64_t offset = 0, stride = 1;
  for (size_t b = layout.blocks().size(); b-- > 0;) {
    const auto [dimension, size] = layout.blocks()[b];
    offset += index[dimension] % size * stride;
    index[dimension] /= size;
    left[dimension] /= size;
    stride *= size;
  }
  for (size_t place = sizes.size(); place-- > 0;) {
    const size_t d = layout.is_plain() ? place : layout.order()[place];
    offset += index[d] * stride;
    stride *= left[d];
  }
  return offset;
}

struct Case {
  Sizes sizes;
  std::vector<const char*> tags;
};

const Case cases[] = {
    {{3, 17, 5, 7}, {"abcd", "aBcd16b", "acdb", "Abcd16a", "ABcd16b16a", "BAcd4a8b", "ABcd4b16a2b"}},
    {{1, 1, 1, 1}, {"abcd", "aBcd16b", "acdb", "Abcd16a", "ABcd16b16a"}},
    {{16, 32, 2, 1}, {"abcd", "aBcd16b", "dcba", "Abcd16a", "ABcd16b16a"}},
    {{65, 127}, {"ab", "ba", "AB16b64a", "BA16a64b4a", "Ab16a"}},
    {{0, 5, 3, 3}, {"abcd", "aBcd16b", "acdb", "Abcd16a"}},
    {{4, 0}, {"ab", "ba", "AB16b64a"}},
    {{9}, {"a", "A4a"}},
    {{}, {"a"}},  // of a scalar only the plain layout
};

Layout layout_of(const Case& given, const char* tag) {
  return given.sizes.empty() ? Layout{} : Layout::parse(tag);
}

TEST(Layout, OffsetsAddUpOverTheDimensions) {
  for (const Case& given : cases)
    for (const char* tag : given.tags) {
      const Layout layout = layout_of(given, tag);
      const Sizes padded = layout.padded(given.sizes);
      std::vector<Sizes> offsets;
      for (size_t d = 0; d < padded.size(); ++d) {
        offsets.push_back(layout.offsets(given.sizes, d));
        ASSERT_EQ(static_cast<int64_t>(offsets[d].size()), padded[d]) << tag;
      }
      std::vector<bool> taken(layout.bytes(given.sizes, 1));
      for_each_index(padded, [&](const Sizes& index) {
        int64_t offset = 0;
        for (size_t d = 0; d < index.size(); ++d) offset += offsets[d][index[d]];
        ASSERT_EQ(offset, naive_offset(layout, given.sizes, index)) << tag;
        ASSERT_FALSE(taken.at(offset)) << tag;
        taken[offset] = true;
      });
      EXPECT_EQ(std::ranges::count(taken, true), std::ssize(taken)) << tag << ": no place is left over";
    }
}

TEST(Layout, OpaqueHasNoOffsets) {
  EXPECT_THROW(Layout::opaque("onednn", 64).offsets(Sizes{4}, 0), InternalError);
}

// Elements as bytes, all of them different from zero.
std::vector<uint8_t> random_bytes(int64_t count, RandomEngine& random) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_integer(random, 1, 255));
  return bytes;
}

// Moves in two runs of units, into memory that holds ones.
std::vector<uint8_t> moved(const Type& from, const std::vector<uint8_t>& x, const Type& to,
                           RandomEngine& random) {
  std::vector<uint8_t> y(to.bytes(), 0xff);
  const Relayout move(from, to);
  const int64_t cut = random_integer(random, 0, move.units());
  move.run(x.data(), y.data(), cut, move.units());
  move.run(x.data(), y.data(), 0, cut);
  return y;
}

// What a layout should hold of these plain elements.
std::vector<uint8_t> naive(const Type& plain, const std::vector<uint8_t>& x, const Type& to) {
  std::vector<uint8_t> y(to.bytes(), 0);
  const int64_t bytes = size_of(plain.dtype);
  const auto shape = sizes(plain.shape);
  for_each_index(shape, [&](const Sizes& index) {
    std::memcpy(y.data() + naive_offset(to.layout, shape, index) * bytes,
                x.data() + naive_offset({}, shape, index) * bytes, bytes);
  });
  return y;
}

TEST(Relayout, MovesAllElementsAndFillsUpWithZeros) {
  RandomEngine random(1);
  for (const Case& given : cases)
    for (const DType dtype : {DType::u8, DType::boolean, DType::bf16, DType::f32, DType::i64}) {
      const Shape shape(given.sizes.begin(), given.sizes.end());
      const Type plain{dtype, shape, {}};
      const auto x = random_bytes(plain.bytes(), random);
      for (const char* from_tag : given.tags)
        for (const char* to_tag : given.tags) {
          SCOPED_TRACE(fmt::format("{} from {} to {}", to_string(plain), from_tag, to_tag));
          const Type from{dtype, shape, layout_of(given, from_tag)},
              to{dtype, shape, layout_of(given, to_tag)};
          const auto there = moved(plain, x, from, random);
          ASSERT_EQ(there, naive(plain, x, from));
          const auto across = moved(from, there, to, random);
          ASSERT_EQ(across, naive(plain, x, to));
          ASSERT_EQ(moved(to, across, plain, random), x);
        }
    }
}

TEST(Relayout, DoesNotReadWhatFillsUpBlocks) {
  const Type blocked{DType::f32, {1, 3}, Layout::parse("aB4b")},
      wider{DType::f32, {1, 3}, Layout::parse("aB8b")};
  const float x[4] = {1, 2, 3, 99};
  float y[8];
  relayout(blocked, x, wider, y);
  EXPECT_TRUE(std::ranges::equal(y, std::vector<float>{1, 2, 3, 0, 0, 0, 0, 0}));
}

TEST(Relayout, ScalarIsOneUnitAndEmptyIsNone) {
  EXPECT_EQ(Relayout({DType::f32, {}, {}}, {DType::f32, {}, {}}).units(), 1);
  EXPECT_EQ(Relayout({DType::f32, {4, 0}, {}}, {DType::f32, {4, 0}, Layout::parse("ba")}).units(), 0);
  EXPECT_EQ(Relayout({DType::f32, {0, 4}, {}}, {DType::f32, {0, 4}, {}}).units(), 0);
}

TEST(Relayout, NeedsOneTypeOfBothSides) {
  const Type x{DType::f32, {2, 3}, {}};
  EXPECT_THROW(Relayout(x, {DType::i32, {2, 3}, {}}), InternalError);
  EXPECT_THROW(Relayout(x, {DType::f32, {3, 2}, {}}), InternalError);
  EXPECT_THROW(Relayout(x, {DType::f32, {2, 3}, Layout::opaque("onednn", 64)}), InternalError);
}

}  // namespace
}  // namespace sinter
