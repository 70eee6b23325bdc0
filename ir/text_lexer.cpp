#include "ir/text_lexer.h"

#include <algorithm>
#include <cctype>

namespace sinter {
namespace {

bool is_word(unsigned char c) { return std::isalnum(c) || c == '_'; }
bool is_name(unsigned char c) { return is_word(c) || c == '.' || c == '/' || c == '-' || c == '$'; }
bool is_number(unsigned char c) { return std::isalnum(c) || c == '.' || c == '+' || c == '-'; }

}  // namespace

Location TextLexer::location(size_t offset) const {
  const size_t start = offset == 0 ? 0 : text_.rfind('\n', offset - 1) + 1;  // npos + 1 is 0
  const size_t end = std::min(text_.find('\n', offset), text_.size());
  const auto line = 1 + std::count(text_.begin(), text_.begin() + start, '\n');
  return {std::string(file_),
          static_cast<int>(line),
          static_cast<int>(offset - start + 1),
          std::string(text_.substr(start, end - start)),
          {}};
}

void TextLexer::fail_at(const Token& token, std::string_view message) const {
  throw InputError(location(token.offset), message);
}

void TextLexer::skip_space() {
  while (at_ < text_.size()) {
    if (text_[at_] == '#')
      at_ = std::min(text_.find('\n', at_), text_.size());
    else if (std::isspace(static_cast<unsigned char>(text_[at_])))
      ++at_;
    else
      return;
  }
}

std::string TextLexer::quoted_text() {
  std::string result;
  for (++at_; at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n'; ++at_) {
    if (text_[at_] != '\\') {
      result += text_[at_];
    } else if (text_.substr(at_ + 1, 1) == "x" && at_ + 3 < text_.size()) {
      const std::string digits(text_.substr(at_ + 2, 2));
      result += static_cast<char>(std::strtol(digits.c_str(), nullptr, 16));
      at_ += 3;
    } else if (++at_ < text_.size()) {
      result += text_[at_];
    }
  }
  if (at_ >= text_.size() || text_[at_] != '"') fail_at(token_, "a string without its closing quote");
  ++at_;
  return result;
}

void TextLexer::advance() {
  skip_space();
  token_ = {Token::Kind::end, "", false, at_};
  if (at_ == text_.size()) return;
  const auto run = [&](bool (*belongs)(unsigned char)) {
    const size_t start = at_;
    while (at_ < text_.size() && belongs(static_cast<unsigned char>(text_[at_]))) ++at_;
    return std::string(text_.substr(start, at_ - start));
  };
  const auto c = static_cast<unsigned char>(text_[at_]);
  const char after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (c == '%') {
    ++at_;
    token_.kind = Token::Kind::value;
    token_.quoted = after == '"';
    token_.text = token_.quoted ? quoted_text() : run(is_name);
    if (token_.text.empty() && !token_.quoted) fail_at(token_, "a value needs a name after %");
  } else if (c == '"') {
    token_.kind = Token::Kind::string;
    token_.text = quoted_text();
  } else if (std::isdigit(c) || (c == '-' && (std::isdigit(static_cast<unsigned char>(after)) ||
                                              after == 'i' || after == 'n'))) {
    token_.kind = Token::Kind::number;
    token_.text = run(is_number);
  } else if (std::isalpha(c) || c == '_') {
    token_.kind = Token::Kind::word;
    token_.text = run(is_word);
  } else if (text_.substr(at_, 2) == "->" ||
             std::string_view("()[]{},:=@").find(static_cast<char>(c)) != std::string_view::npos) {
    token_.kind = Token::Kind::punctuation;
    token_.text = c == '-' ? "->" : std::string(1, static_cast<char>(c));
    at_ += token_.text.size();
  } else {
    fail_at(token_, fmt::format("unexpected byte 0x{:02x}", c));
  }
}

Token TextLexer::next() {
  Token token = token_;
  advance();
  return token;
}

bool TextLexer::take(std::string_view text) {
  const bool matches =
      (token_.kind == Token::Kind::punctuation || token_.kind == Token::Kind::word) && token_.text == text;
  if (matches) advance();
  return matches;
}

void TextLexer::fail_expected(std::string_view what) const {
  const std::string found = token_.kind == Token::Kind::end ? "the end" : "\"" + token_.text + "\"";
  fail_at(token_, fmt::format("found {}; expected {}", found, what));
}

void TextLexer::expect(std::string_view text) {
  if (!take(text)) fail_expected(fmt::format("\"{}\"", text));
}

Token TextLexer::expect(Token::Kind kind, std::string_view what) {
  if (token_.kind != kind) fail_expected(what);
  return next();
}

std::string TextLexer::until(char end) {
  const size_t stop = text_.find(end, token_.offset);
  if (stop == std::string_view::npos || stop - token_.offset > 256)
    fail_at(token_, fmt::format("no closing {}", end));
  std::string result(text_.substr(token_.offset, stop - token_.offset));
  at_ = stop + 1;
  advance();
  return result;
}

}  // namespace sinter
