#pragma once

#include <string>
#include <string_view>

#include "ir/error.h"

namespace sinter {

/// The tokens of the text form.
struct Token {
  enum class Kind { end, word, number, string, value, punctuation };
  Kind kind = Kind::end;
  std::string text;     ///< without % and quotes
  bool quoted = false;  ///< of values: %"name"
  size_t offset = 0;    ///< where it starts, in bytes
};

/// Reads tokens one at a time, one ahead. Throws InputError at characters that start none.
class TextLexer {
 public:
  TextLexer(std::string_view text, std::string_view file) : text_(text), file_(file) { advance(); }

  const Token& peek() const { return token_; }
  Token next();
  /// Takes the token if it is this punctuation or word.
  bool take(std::string_view text);
  /// Takes it or throws: "expected ...".
  void expect(std::string_view text);
  Token expect(Token::Kind kind, std::string_view what);
  /// The raw text up to `end`, which is taken too.
  std::string until(char end);

  Location location(size_t offset) const;
  /// Throws at the token that comes next: "found ...; expected `what`".
  [[noreturn]] void fail_expected(std::string_view what) const;
  [[noreturn]] void fail_at(const Token& token, std::string_view message) const;

 private:
  void advance();
  void skip_space();
  std::string quoted_text();

  std::string_view text_;
  std::string_view file_;
  size_t at_ = 0;
  Token token_;
};

}  // namespace sinter
