#include "ir/layout.h"

#include <gtest/gtest.h>

#include "ir/error.h"
#include "ir/type.h"

namespace sinter {
namespace {

using Sizes = std::vector<int64_t>;

TEST(Layout, PlainHasOneSpelling) {
  for (const char* tag : {"a", "ab", "abcd", "abcdefgh"}) {
    EXPECT_TRUE(Layout::parse(tag).is_plain()) << tag;
    EXPECT_EQ(Layout::parse(tag), Layout{}) << tag;
    EXPECT_EQ(Layout::parse(tag).tag(), "");
  }
}

TEST(Layout, OrderAndBlocks) {
  const Layout layout = Layout::parse("BAcd16b4a");
  EXPECT_FALSE(layout.is_plain());
  EXPECT_FALSE(layout.is_opaque());
  EXPECT_EQ(layout.tag(), "BAcd16b4a");
  EXPECT_EQ(std::vector<int>(layout.order().begin(), layout.order().end()), (std::vector<int>{1, 0, 2, 3}));
  ASSERT_EQ(layout.blocks().size(), 2U);
  EXPECT_EQ(layout.blocks()[0], (Layout::Block{1, 16}));
  EXPECT_EQ(layout.blocks()[1], (Layout::Block{0, 4}));
  EXPECT_NE(layout, Layout::parse("ABcd16b4a"));
  EXPECT_NE(Layout::parse("acdb"), Layout{}) << "channels last is not plain";
}

TEST(Layout, PadsToWholeBlocks) {
  const Sizes sizes = {3, 17, 5, 7};
  EXPECT_EQ(Layout{}.padded(sizes), sizes);
  EXPECT_EQ(Layout::parse("aBcd16b").padded(sizes), (Sizes{3, 32, 5, 7}));
  EXPECT_EQ(Layout::parse("Abcd16a").padded(sizes), (Sizes{16, 17, 5, 7}));
  EXPECT_EQ(Layout::parse("ABcd4b16a2b").padded(sizes), (Sizes{16, 24, 5, 7}))
      << "two blocks of one dimension";
  EXPECT_EQ(Layout::parse("aBcd16b").padded(Sizes{0, 16, 1, 1}), (Sizes{0, 16, 1, 1}));
}

TEST(Layout, Bytes) {
  EXPECT_EQ(Layout::parse("aBcd16b").bytes(Sizes{3, 17, 5, 7}, 4), 3 * 32 * 5 * 7 * 4);
  EXPECT_EQ((Type{DType::f64, {2, 3}, {}}.bytes()), 48);
  EXPECT_EQ((Type{DType::i8, {2, 3}, Layout::parse("aB16b")}.bytes()), 32);
  EXPECT_EQ((Type{DType::f32, {2, 3}, Layout::opaque("onednn", 4096)}.bytes()), 4096);
}

TEST(Layout, SameOffsets) {
  const Layout plain, last = Layout::parse("acdb"), blocked = Layout::parse("aBcd16b");
  const auto same = [](const Layout& a, const Layout& b, std::vector<int64_t> sizes) {
    EXPECT_EQ(a.same_offsets(b, sizes), b.same_offsets(a, sizes));
    return a.same_offsets(b, sizes);
  };
  EXPECT_TRUE(same(plain, last, {8, 1, 28, 28})) << "one channel";
  EXPECT_TRUE(same(plain, last, {8, 3, 1, 1})) << "one pixel";
  EXPECT_TRUE(same(plain, blocked, {8, 32, 1, 1}));
  EXPECT_TRUE(same(last, blocked, {2, 16, 4, 4})) << "one block";
  EXPECT_FALSE(same(plain, last, {8, 2, 28, 28}));
  EXPECT_FALSE(same(plain, blocked, {8, 20, 1, 1})) << "padding";
  EXPECT_FALSE(same(last, blocked, {2, 32, 4, 4}));
  const Layout sixteen = Layout::parse("Abcd16a"), other = Layout::parse("Abcd32a");
  EXPECT_TRUE(same(sixteen, other, {64, 1, 1, 1})) << "one element a sample";
  EXPECT_FALSE(same(sixteen, other, {64, 2, 1, 1})) << "the second block";
  const int64_t many = int64_t{1} << 50;  // nothing is as large as the value is
  EXPECT_TRUE(same(plain, sixteen, {many, 1, 1, 1}));
  EXPECT_FALSE(same(plain, sixteen, {many, 3, 1, 1}));
  const Layout opaque = Layout::opaque("jit", 64);
  EXPECT_TRUE(same(opaque, opaque, {16}));
  EXPECT_FALSE(same(opaque, plain, {16}));
}

TEST(Layout, OpaqueRoundTrip) {
  const Layout layout = Layout::opaque("onednn", 4096);
  EXPECT_TRUE(layout.is_opaque());
  EXPECT_EQ(layout.tag(), "opaque(onednn, 4096)");
  EXPECT_EQ(Layout::parse(layout.tag()), layout);
  EXPECT_TRUE(Layout::parse("opaque(jit, 0)").is_opaque());
}

TEST(Layout, RefusesAnotherRank) {
  EXPECT_THROW(Layout::parse("aBcd16b").bytes(Sizes{3, 17}, 4), InputError);
  EXPECT_THROW(Layout::parse("ba").padded(Sizes{}), InputError);
}

std::string rejection(const char* tag) {
  try {
    Layout::parse(tag);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Layout, Rejections) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "no dimensions"},
      {"16a", "no dimensions"},
      {"abxd", "a letter outside a..l"},
      {"ab cd", "a letter outside a..l"},
      {"abca", "a dimension stands twice"},
      {"aAcd", "a dimension stands twice"},
      {"abd", "a dimension is left out"},
      {"aBcd", "a capital letter without a block"},
      {"abcd16b", "a block of a dimension without a capital letter"},
      {"aBcd16", "a block is a size from 2 to 4096 and a letter"},
      {"aBcd1b", "a block is a size from 2 to 4096 and a letter"},
      {"aBcd016b", "a block is a size from 2 to 4096 and a letter"},
      {"aBcd4097b", "a block is a size from 2 to 4096 and a letter"},
      {"aBcd99999999999999999999b", "a block is a size from 2 to 4096 and a letter"},
      {"aBcd16B", "a block of a dimension without a capital letter"},
      {"Ab2a2a2a2a2a", "more than 4 blocks"},
      {"opaque(", "not opaque(backend, bytes)"},
      {"opaque(onednn)", "not opaque(backend, bytes)"},
      {"opaque(, 5)", "not opaque(backend, bytes)"},
      {"opaque(onednn, )", "not opaque(backend, bytes)"},
      {"opaque(onednn, -1)", "not opaque(backend, bytes)"},
      {"opaque(onednn, 5) ", "not opaque(backend, bytes)"},
      {"opaque(onednn, 5x)", "not opaque(backend, bytes)"},
  };
  for (const auto& [tag, reason] : cases)
    EXPECT_EQ(rejection(tag),
              fmt::format("layout \"{}\": {}; expected a tag such as abcd, aBcd16b, Abcd16a or "
                          "opaque(backend, bytes)",
                          tag, reason));
}

}  // namespace
}  // namespace sinter
