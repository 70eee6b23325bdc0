#include <gtest/gtest.h>

#include "frontends/sinter/load.h"

namespace sinter {
namespace {

constexpr std::string_view head = "model m {\n  input x: f32[N]\n";

std::string repeated(std::string_view text, int times) {
  std::string result;
  result.reserve(text.size() * times);
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

std::string error_of(const std::string& model) {
  try {
    load_model(model, "m.sinter");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

constexpr int million = 1000000;

TEST(ModelLimits, ALineOfTenMegabytes) {
  EXPECT_EQ(error_of(std::string(head) + "x " + repeated("|   relu  ", million)),
            "m.sinter:3:10001: expected lines of at most 10000 bytes, found one of 10000002\n"
            "  3 |   |   relu  |   relu  |   relu  |   relu  |   relu  |   relu  |   relu  |   relu  |   "
            "relu  |   relu\n"
            "    |                                                             ^");
}

TEST(ModelLimits, AMillionParenthesesInOneLine) {
  EXPECT_EQ(error_of(std::string(head) + repeated("(", million)).substr(0, 80),
            "m.sinter:3:10001: expected lines of at most 10000 bytes, found one of 1000000\n  ");
}

TEST(ModelLimits, AMillionParentheses) {
  EXPECT_EQ(error_of(std::string(head) + repeated("(\n", million)),
            "m.sinter:203:1: expected at most 200 levels of nesting, found more\n"
            "  203 | (\n"
            "      | ^");
}

TEST(ModelLimits, AMillionNestedBranches) {
  EXPECT_EQ(error_of(std::string(head) + repeated("if true {\n", million)),
            "m.sinter:103:1: expected at most 200 levels of nesting, found more\n"
            "  103 | if true {\n"
            "      | ^");
}

TEST(ModelLimits, AMillionNestedConditions) {
  EXPECT_EQ(error_of(std::string(head) + repeated("if true and 1 ==\n", million)),
            "m.sinter:202:1: expected at most 200 levels of nesting, found more\n"
            "  202 | if true and 1 ==\n"
            "      | ^");
}

TEST(ModelLimits, AMillionNestedStages) {
  EXPECT_EQ(error_of(std::string(head) + "x\n" + repeated("| repeat 2 { if true { relu\n", million)),
            "m.sinter:103:14: expected at most 200 levels of nesting, found more\n"
            "  103 | | repeat 2 { if true { relu\n"
            "      |              ^");
}

TEST(ModelLimits, AMillionNestedBlocks) {
  EXPECT_EQ(error_of(repeated("block b {\n", million)),
            "m.sinter:2:1: expected a value, found 'block'\n"
            "  2 | block b {\n"
            "    | ^");
}

TEST(ModelLimits, AMillionBraces) {
  EXPECT_EQ(error_of("model m " + repeated("{\n", million)),
            "m.sinter:2:1: expected a value, found '{'\n"
            "  2 | {\n"
            "    | ^");
}

TEST(ModelLimits, AMillionMinusSigns) {
  EXPECT_EQ(error_of(std::string(head) + repeated("-\n", million)),
            "m.sinter:202:1: expected at most 200 levels of nesting, found more\n"
            "  202 | -\n"
            "      | ^");
}

TEST(ModelLimits, AMillionCalls) {
  EXPECT_EQ(error_of(std::string(head) + repeated("relu(\n", million)),
            "m.sinter:203:1: expected at most 200 levels of nesting, found more\n"
            "  203 | relu(\n"
            "      | ^");
}

// Long is not deep: a sum is one level, however many terms it has.
TEST(ModelLimits, ASumOfManyTerms) {
  const std::string sum = "1" + repeated("\n+ 1", 100000);
  EXPECT_EQ(load_model("model m {\n input x: f32[" + sum + "]\n x\n}", "m.sinter").inputs().size(), 1u);
}

TEST(ModelLimits, AnElseIfOfManyBranches) {
  const std::string choice =
      "x\n| if false { relu }" + repeated("\nelse if false { relu }", 100000) + " else { tanh }";
  EXPECT_EQ(load_model(std::string(head) + choice + "}", "m.sinter").nodes().size(), 1u);
}

TEST(ModelLimits, BlocksThatCallEachOtherTooDeep) {
  std::string blocks = "block b0 { in | relu }\n";
  for (int i = 1; i < 1000; ++i) blocks += fmt::format("block b{} {{ in | b{} }}\n", i, i - 1);
  EXPECT_EQ(error_of(blocks + std::string(head) + "x | b999\n}"),
            "m.sinter:801:14: expected blocks and expressions at most 400 deep in each other, found more\n"
            "  801 | block b800 { in | b799 }\n"
            "      |              ^");
}

TEST(ModelLimits, BlocksThatDoubleAtEveryLevel) {
  std::string blocks = "block b0 { in }\n";
  for (int i = 1; i < 60; ++i) blocks += fmt::format("block b{0} {{ in | b{1} | b{1} }}\n", i, i - 1);
  EXPECT_EQ(error_of(blocks + std::string(head) + "x | b59\n}"),
            "m.sinter:5:22: expected a model of at most 20000 layers when written out, found more\n"
            "  5 | block b4 { in | b3 | b3 }\n"
            "    |                      ^");
}

TEST(ModelLimits, TooManyParameters) {
  std::string block = "block b(";
  for (int i = 0; i < million; ++i) block += fmt::format("p{},\n", i);
  EXPECT_EQ(error_of(block),
            "m.sinter:100:1: expected at most 100 parameters, found more\n"
            "  100 | p99,\n"
            "      | ^");
}

TEST(ModelLimits, NoughtBytes) {
  EXPECT_EQ(error_of(std::string(1000, '\0')),
            "m.sinter:1:1: unexpected byte 0x00: a model is plain text\n"
            "  1 | ????????????????????????????????????????\n"
            "    | ^");
}

TEST(ModelLimits, AnImage) {
  EXPECT_EQ(error_of("\x89PNG\r\n\x1a\n"),
            "m.sinter:1:1: unexpected byte 0x89: a model is plain text\n"
            "  1 | ?PNG\n"
            "    | ^");
}

}  // namespace
}  // namespace sinter
