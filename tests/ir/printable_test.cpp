#include "ir/printable.h"

#include <gtest/gtest.h>

namespace sinter {
namespace {

TEST(Printable, KeepsTextTabsAndNewLines) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("a\tb\n\n~ é 😀"), "a\tb\n\n~ é 😀");
}

TEST(Printable, ControlCharactersAndWhatIsNoUtf8AreQuestionMarks) {
  EXPECT_EQ(printable(std::string("\0\x1b[31m\r\x7f", 8)), "??[31m??");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "??31m");  // a control sequence in one character
  EXPECT_EQ(printable("\xff\xfe \xc3"), "?? ?");
  EXPECT_EQ(printable("\xc0\xaf"), "??");            // longer than need be
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // half of a pair
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // above the last
  EXPECT_EQ(printable("\xef\xbf\xbf"), "???");       // no character
}

TEST(Printable, CutsLongLinesBetweenCharacters) {
  const std::string line(1000, 'x');
  EXPECT_EQ(printable(line + "\n" + line), line + "\n" + line);
  EXPECT_EQ(printable(line + "y\n" + line + "zz"), line + "...\n" + line + "...");
  EXPECT_EQ(printable(std::string(999, 'x') + "éé"), std::string(999, 'x') + "é...");
  EXPECT_EQ(printable(printable(line + "é")), printable(line + "é"));
}

TEST(CharacterLength, IsThatOfTheFirst) {
  EXPECT_EQ(character_length("ab"), 1U);
  EXPECT_EQ(character_length("éb"), 2U);
  EXPECT_EQ(character_length("€"), 3U);
  EXPECT_EQ(character_length("😀"), 4U);
  EXPECT_EQ(character_length("\xe2\x82"), 0U);  // cut short
  EXPECT_EQ(character_length("\n"), 0U);
}

}  // namespace
}  // namespace sinter
