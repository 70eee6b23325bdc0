#pragma once

#include <string>

#include "frontends/sinter/source.h"

namespace sinter::language {

struct Token {
  enum class Kind : uint8_t { name, keyword, integer, real, string, symbol, end };
  Kind kind = Kind::end;
  std::string_view text = {};  ///< as written; of strings without the quotes
  size_t place = 0;            ///< of the end: just after the last token

  bool is(std::string_view keyword_or_symbol) const {
    return (kind == Kind::keyword || kind == Kind::symbol) && text == keyword_or_symbol;
  }
};

/// How a token is called in "expected ..., found ...".
std::string describe(const Token& token);

/// Cuts a source into tokens, one call at a time. Comments run from # to the end of the line.
class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text()) {}
  /// Throws InputError for a character of no token, a malformed number, or a string without its end.
  Token next();

 private:
  void skip_blanks();
  Token take(Token::Kind kind, size_t length);
  Token word();
  Token number();
  Token string();
  Token symbol();

  const Source& source_;
  std::string_view text_;
  size_t place_ = 0;
  size_t last_end_ = 0;
};

}  // namespace sinter::language
