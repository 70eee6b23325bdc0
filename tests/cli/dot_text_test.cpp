#include "cli/dot_text.h"

#include <gtest/gtest.h>

namespace sinter::cli {
namespace {

TEST(DotText, Escapes) {
  EXPECT_EQ(dot_escaped("a&b<c>\"d\"\\N {|}"), "a&amp;b&lt;c&gt;&quot;d&quot;&#92;&#92;N {|}");
  EXPECT_EQ(dot_escaped(" a  b "), "&#160;a  b&#160;");
  EXPECT_EQ(dot_escaped(std::string("\0\n\x7f", 3)), "&#92;&#92;x00&#92;&#92;x0a&#92;&#92;x7f");
  EXPECT_EQ(dot_escaped("é×…😀"), "é×…😀");
  EXPECT_EQ(dot_escaped("\xc3"), "&#92;&#92;xc3");                   // cut short
  EXPECT_EQ(dot_escaped("\xc0\xaf"), "&#92;&#92;xc0&#92;&#92;xaf");  // longer than it need be
  EXPECT_EQ(dot_escaped("\xed\xa0\x80"), "&#92;&#92;xed&#92;&#92;xa0&#92;&#92;x80");  // a surrogate
  EXPECT_EQ(dot_escaped("\xef\xbf\xbf"), "&#92;&#92;xef&#92;&#92;xbf&#92;&#92;xbf");  // no character
  EXPECT_EQ(dot_escaped("\xf5\x80\x80\x80"), "&#92;&#92;xf5&#92;&#92;x80&#92;&#92;x80&#92;&#92;x80");
}

TEST(DotText, ShortensLongNames) {
  EXPECT_EQ(short_name(""), "\"\"");
  EXPECT_EQ(short_name(std::string(48, 'a')), std::string(48, 'a'));
  EXPECT_EQ(short_name(std::string(100, 'a') + "bc"),
            std::string(24, 'a') + "…" + std::string(22, 'a') + "bc");
  EXPECT_EQ(short_name("a" + std::string(100, 'b')).size(), 48 + std::string("…").size());
  std::string wide;
  for (int i = 0; i < 50; ++i) wide += "×";
  EXPECT_EQ(dot_escaped(short_name("a" + wide)).find("&#92;&#92;"), std::string::npos);
}

TEST(DotText, Types) {
  EXPECT_EQ(short_type({DType::f32, {"N", 6, 28}, {}}), "N×6×28");
  EXPECT_EQ(short_type({DType::i64, {}, {}}), "i64 scalar");
  EXPECT_EQ(short_type({DType::u8, {2, 16, 4, 4}, Layout::parse("aBcd16b")}), "u8 2×16×4×4 {aBcd16b}");
}

}  // namespace
}  // namespace sinter::cli
