#include "frontends/sinter/lexer.h"

#include <gtest/gtest.h>

namespace sinter::language {
namespace {

std::vector<std::string> tokens(std::string_view text) {
  const Source source(text, "m.sinter");
  Lexer lexer(source);
  std::vector<std::string> result;
  for (Token token = lexer.next(); token.kind != Token::Kind::end; token = lexer.next())
    result.push_back(fmt::format("{}@{}", token.text, token.place));
  return result;
}

TEST(Lexer, CutsSymbolsFromTheLongest) {
  EXPECT_EQ(tokens("a<=b!=c=d"),
            (std::vector<std::string>{"a@0", "<=@1", "b@3", "!=@4", "c@6", "=@7", "d@8"}));
}

TEST(Lexer, CommentsRunToTheEndOfTheLine) {
  EXPECT_EQ(tokens("# a \"comment\"\nb # c\n# d"), (std::vector<std::string>{"b@14"}));
}

TEST(Lexer, NumbersHaveFractionsAndExponents) {
  EXPECT_EQ(tokens("5 0.5 1e3 2.5E-2"), (std::vector<std::string>{"5@0", "0.5@2", "1e3@6", "2.5E-2@10"}));
}

TEST(Lexer, KeywordsAreNotNames) {
  const Source source("in input inputs", "m.sinter");
  Lexer lexer(source);
  EXPECT_EQ(lexer.next().kind, Token::Kind::keyword);
  EXPECT_EQ(lexer.next().kind, Token::Kind::keyword);
  EXPECT_EQ(lexer.next().kind, Token::Kind::name);
}

TEST(Lexer, StringsAreWithoutTheirQuotes) {
  EXPECT_EQ(tokens("\"same\""), (std::vector<std::string>{"same@0"}));
}

TEST(Lexer, TheEndIsJustAfterTheLastToken) {
  const Source source("ab  # c\n\n", "m.sinter");
  Lexer lexer(source);
  lexer.next();
  EXPECT_EQ(lexer.next().place, 2u);
}

}  // namespace
}  // namespace sinter::language
