#include "ir/error.h"

#include <gtest/gtest.h>

namespace sinter {
namespace {

TEST(Error, ShowsPlaceLineCaretAndNotes) {
  const InputError error({"m.sinter", 3, 5, "  | relux", "0"}, "unknown layer", "  layer     0");
  EXPECT_STREQ(error.what(),
               "m.sinter:3:5: unknown layer\n"
               "  3 |   | relux\n"
               "    |     ^\n"
               "  layer     0");
  EXPECT_EQ(error.message(), "unknown layer");
  EXPECT_EQ(error.notes(), "  layer     0");
}

TEST(Error, ShowsThePartOfALongLineAroundTheColumn) {
  const std::string line(5000, 'a');
  const std::string text = InputError({"f", 1, 3001, line, ""}, "here").what();
  const std::string shown(100, 'a');
  EXPECT_EQ(text, "f:1:3001: here\n  1 | " + shown + "\n    | " + std::string(60, ' ') + "^");
}

TEST(Error, CutsLinesOfAMessageAndHidesControlBytes) {
  const std::string text = InputError("name " + std::string(1 << 20, 'x') + "\nnext \x1b[31m\ttab").what();
  EXPECT_EQ(text, "name " + std::string(995, 'x') + "...\nnext ?[31m\ttab");
}

TEST(Error, InternalErrorsNameOurSource) {
  try {
    require(false, "one is two");
    FAIL() << "nothing was thrown";
  } catch (const InternalError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("error_test.cpp:"), std::string::npos) << text;
    EXPECT_TRUE(text.ends_with(": one is two")) << text;
  }
}

}  // namespace
}  // namespace sinter
