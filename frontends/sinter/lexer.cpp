#include "frontends/sinter/lexer.h"

#include <algorithm>
#include <array>

namespace sinter::language {
namespace {

constexpr std::array<std::string_view, 12> keywords = {"model",  "block", "input", "in",  "if", "else",
                                                       "repeat", "true",  "false", "and", "or", "not"};
// Those of two characters first: `<=` is not `<` and `=`.
constexpr std::array<std::string_view, 21> symbols = {"==", "!=", "<=", ">=", "(", ")", "{",
                                                      "}",  "[",  "]",  ",",  ":", "=", "|",
                                                      "+",  "-",  "*",  "/",  "%", "<", ">"};

// Not those of <cctype>: they ask the locale, and may not be given bytes above 127.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

size_t span_of(std::string_view text, bool (*belongs)(char)) {
  return std::ranges::find_if_not(text, belongs) - text.begin();
}

}  // namespace

std::string describe(const Token& token) {
  if (token.kind == Token::Kind::end) return "the end of the file";
  if (token.kind == Token::Kind::string) return "a string";
  constexpr size_t shown = 40;
  return fmt::format("'{}{}'", token.text.substr(0, shown), token.text.size() > shown ? "..." : "");
}

Token Lexer::next() {
  skip_blanks();
  if (place_ == text_.size()) return {Token::Kind::end, {}, last_end_};
  const char c = text_[place_];
  if (is_letter(c)) return word();
  if (is_digit(c)) return number();
  if (c == '"') return string();
  return symbol();
}

void Lexer::skip_blanks() {
  while (place_ < text_.size()) {
    place_ += span_of(text_.substr(place_), is_blank);
    if (!text_.substr(place_).starts_with('#')) return;
    place_ = std::min(text_.find('\n', place_), text_.size());
  }
}

Token Lexer::take(Token::Kind kind, size_t length) {
  const Token token{kind, text_.substr(place_, length), place_};
  place_ += length;
  last_end_ = place_;
  return token;
}

Token Lexer::word() {
  const size_t length = span_of(text_.substr(place_), [](char c) { return is_letter(c) || is_digit(c); });
  const bool keyword = std::ranges::count(keywords, text_.substr(place_, length)) > 0;
  return take(keyword ? Token::Kind::keyword : Token::Kind::name, length);
}

Token Lexer::number() {
  const std::string_view rest = text_.substr(place_);
  const auto digits = [&](size_t from) { return span_of(rest.substr(from), is_digit); };
  const auto at = [&](size_t i) { return i < rest.size() ? rest[i] : '\0'; };

  size_t length = digits(0);
  const size_t whole = length;
  if (at(length) == '.') length += 1 + digits(length + 1);
  if (at(length) == 'e' || at(length) == 'E') {
    const size_t sign = at(length + 1) == '+' || at(length + 1) == '-';
    const size_t exponent = digits(length + 1 + sign);
    if (exponent == 0) source_.fail(place_ + length, "expected digits after the exponent's 'e'");
    length += 1 + sign + exponent;
  }
  if (is_letter(at(length)) || at(length) == '.')
    source_.fail(place_ + length, fmt::format("expected the number to end here, found '{}'", at(length)));
  return take(length == whole ? Token::Kind::integer : Token::Kind::real, length);
}

Token Lexer::string() {
  const std::string_view rest = text_.substr(place_ + 1);
  const size_t length = rest.find_first_of("\"\n");
  if (length == std::string_view::npos || rest[length] == '\n')
    source_.fail(place_, "expected '\"' to end this string on its line");
  Token token = take(Token::Kind::string, length + 2);
  token.text = rest.substr(0, length);
  return token;
}

Token Lexer::symbol() {
  const std::string_view rest = text_.substr(place_);
  const auto found =
      std::ranges::find_if(symbols, [&](std::string_view symbol) { return rest.starts_with(symbol); });
  if (found != symbols.end()) return take(Token::Kind::symbol, found->size());
  const auto byte = static_cast<unsigned char>(rest[0]);
  const bool printable = byte > 0x20 && byte < 0x7f;
  source_.fail(place_, printable ? fmt::format("unexpected character '{}'", rest[0])
                                 : fmt::format("unexpected byte 0x{:02x}: a model is plain text", byte));
}

}  // namespace sinter::language
