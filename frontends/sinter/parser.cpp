#include "frontends/sinter/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "frontends/sinter/lexer.h"

namespace sinter::language {
namespace {

constexpr int max_nesting = 200;
constexpr size_t max_parameters = 100;
// Operators from those that bind least.
constexpr std::array<std::array<std::string_view, 6>, 5> operator_levels = {
    {{"or"}, {"and"}, {"==", "!=", "<", "<=", ">", ">="}, {"+", "-"}, {"*", "/", "%"}}};
constexpr size_t comparison_level = 2;

class Parser {
 public:
  explicit Parser(const Source& source) : source_(source), lexer_(source), token_(lexer_.next()) {}

  File file();
  Expression chain();
  Definition signature();
  void expect_end(std::string_view expected);

 private:
  // Definitions
  Definition definition(bool is_block);
  void parameters(Definition& definition);
  void body(Definition& definition);
  Statement statement();
  Input input();

  // Expressions
  Expression operation(size_t least_level);
  size_t operator_level() const;
  Expression factor();
  Expression negation(size_t operand_level);
  Expression primary();
  Expression parenthesised();
  Expression choice();
  Literal number();
  Call call(std::string_view callee);
  std::vector<Argument> arguments();

  // Stages
  Stages stages();
  Stage stage();
  StageChoice stage_choice();
  Stages braced_stages();

  // Tokens
  Token advance();
  bool accept(std::string_view keyword_or_symbol);
  Token expect(std::string_view symbol, std::string_view purpose);
  Token expect_name(std::string_view what);
  bool next_is_assignment() const;
  [[noreturn]] void unexpected(std::string_view expected) const;

  // Counts the levels the parser is inside of: the stack is finite, a file's nesting is not.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.nesting_ > max_nesting)
        parser_.source_.fail(parser_.token_.place,
                             fmt::format("expected at most {} levels of nesting, found more", max_nesting));
    }
    ~Level() { --parser_.nesting_; }

   private:
    Parser& parser_;
  };

  const Source& source_;
  Lexer lexer_;
  Token token_;
  size_t end_of_last_ = 0;
  int nesting_ = 0;
};

Token Parser::advance() {
  const Token token = token_;
  end_of_last_ = token.place + token.text.size();
  token_ = lexer_.next();
  return token;
}

bool Parser::accept(std::string_view keyword_or_symbol) {
  if (!token_.is(keyword_or_symbol)) return false;
  advance();
  return true;
}

void Parser::unexpected(std::string_view expected) const {
  source_.fail(token_.place, fmt::format("expected {}, found {}", expected, describe(token_)));
}

Token Parser::expect(std::string_view symbol, std::string_view purpose) {
  if (!token_.is(symbol)) unexpected(fmt::format("'{}' {}", symbol, purpose));
  return advance();
}

Token Parser::expect_name(std::string_view what) {
  if (token_.kind != Token::Kind::name) unexpected(what);
  return advance();
}

void Parser::expect_end(std::string_view expected) {
  if (token_.kind != Token::Kind::end) unexpected(expected);
}

// Whether a name is followed by `=`: a statement, or an argument by keyword.
bool Parser::next_is_assignment() const {
  if (token_.kind != Token::Kind::name) return false;
  Lexer ahead = lexer_;
  return ahead.next().is("=");
}

File Parser::file() {
  std::optional<Definition> model;
  std::vector<Definition> blocks;
  while (token_.kind != Token::Kind::end) {
    const size_t place = token_.place;
    if (accept("block")) {
      blocks.push_back(definition(true));
    } else if (accept("model")) {
      if (model)
        source_.fail(place,
                     fmt::format("expected one model in a file, found another after '{}'", model->name));
      model = definition(false);
    } else {
      unexpected("'model' or 'block'");
    }
  }
  if (!model) unexpected("'model'");
  return {std::move(*model), std::move(blocks)};
}

Definition Parser::definition(bool is_block) {
  const Token name = expect_name(is_block ? "the block's name" : "the model's name");
  Definition definition{.name = name.text, .place = name.place};
  if (is_block) definition.parameters.push_back({"in", name.place});
  if (accept("(")) parameters(definition);
  definition.signature = source_.text().substr(name.place, end_of_last_ - name.place);
  body(definition);
  return definition;
}

Definition Parser::signature() {
  const Token name = expect_name("a layer's name");
  Definition definition{.name = name.text, .place = name.place, .signature = source_.text()};
  expect("(", "to begin the parameters");
  parameters(definition);
  return definition;
}

void Parser::parameters(Definition& definition) {
  const size_t own = definition.parameters.size();
  while (!token_.is(")")) {
    const Token name = expect_name("a parameter's name or ')'");
    if (std::ranges::count(definition.parameters, name.text, &Parameter::name))
      source_.fail(name.place,
                   fmt::format("the parameter '{}' stands twice in '{}'", name.text, definition.name));
    if (definition.parameters.size() == max_parameters)
      source_.fail(name.place, fmt::format("expected at most {} parameters, found more", max_parameters));
    Parameter parameter{name.text, name.place};
    if (accept("="))
      parameter.fallback.push_back(chain());
    else if (definition.parameters.size() > own && !definition.parameters.back().fallback.empty())
      unexpected(fmt::format("'=' and a default for '{}', as those before it have one", name.text));
    definition.parameters.push_back(std::move(parameter));
    if (!accept(",")) break;
  }
  expect(")", "or ',' after a parameter");
}

void Parser::body(Definition& definition) {
  const Token open = expect("{", fmt::format("to begin the body of '{}'", definition.name));
  while (token_.is("input") || next_is_assignment()) definition.statements.push_back(statement());
  if (token_.is("}")) unexpected(fmt::format("the result of '{}' before its '}}'", definition.name));
  definition.result.push_back(chain());
  if (!token_.is("}"))
    unexpected(fmt::format("'|' or the '}}' that ends '{}' (begun in line {}) after its result",
                           definition.name, source_.at(open.place).line));
  advance();
}

Statement Parser::statement() {
  if (accept("input")) {
    const size_t place = token_.place;
    return {place, input()};
  }
  const Token name = advance();
  advance();  // the `=` that next_is_assignment() saw
  return {name.place, NamedValue{name.text, chain()}};
}

Input Parser::input() {
  const Token name = expect_name("the input's name");
  expect(":", "and the input's type, such as f32[N, 1, 28, 28]");
  const Token dtype = expect_name("an element type such as f32");
  Input input{.name = name.text, .dtype = dtype.text, .dtype_place = dtype.place};
  expect("[", "to begin the input's shape");
  while (!token_.is("]")) {
    input.dims.push_back(operation(0));
    if (!accept(",")) break;
  }
  expect("]", "or ',' after a dimension");
  return input;
}

Expression Parser::chain() {
  const Level level(*this);
  const size_t place = token_.place;
  Expression source = operation(0);
  if (!accept("|")) return source;
  Chain chain;
  chain.source.push_back(std::move(source));
  chain.stages = stages();
  return {place, std::move(chain)};
}

// Climbs from the operators that bind tightest: a level of nesting costs the stack few frames, not one a
// precedence.
Expression Parser::operation(size_t least_level) {
  const size_t place = token_.place;
  Expression left =
      token_.is("not") && least_level <= comparison_level ? negation(comparison_level) : factor();
  for (size_t level = operator_level(); level < operator_levels.size() && level >= least_level;
       level = operator_level()) {
    Operation operation;
    operation.operands.push_back(std::move(left));
    while (operator_level() == level) {
      if (level == comparison_level && !operation.operators.empty())
        unexpected("one comparison at a time (join two with 'and')");
      const Token token = advance();
      operation.operators.push_back({token.text, token.place});
      operation.operands.push_back(this->operation(level + 1));
    }
    left = {place, std::move(operation)};
  }
  return left;
}

// The level of the operator at hand; the number of levels where it is none.
size_t Parser::operator_level() const {
  const auto is_operator = [&](std::string_view each) { return token_.is(each); };
  const auto holds = [&](const auto& level) { return std::ranges::any_of(level, is_operator); };
  return std::ranges::find_if(operator_levels, holds) - operator_levels.begin();
}

Expression Parser::factor() { return token_.is("-") ? negation(operator_levels.size()) : primary(); }

Expression Parser::negation(size_t operand_level) {
  const Level level(*this);
  const Token sign = advance();
  Operation operation{.operators = {{sign.text, sign.place}}};
  operation.operands.push_back(this->operation(operand_level));
  return {sign.place, std::move(operation)};
}

Expression Parser::primary() {
  const size_t place = token_.place;
  if (token_.is("(")) return parenthesised();
  if (token_.is("if")) return choice();
  if (token_.is("true") || token_.is("false")) return {place, Literal{advance().is("true")}};
  if (token_.is("in")) return {place, Name{advance().text}};
  if (token_.kind == Token::Kind::string) return {place, Literal{advance().text}};
  if (token_.kind == Token::Kind::integer || token_.kind == Token::Kind::real) return {place, number()};
  if (token_.is("repeat")) unexpected("a value for 'repeat' to work on, as in x | repeat 3 { relu }");
  const std::string_view name = expect_name("a value").text;
  if (token_.is("(")) return {place, call(name)};
  return {place, Name{name}};
}

Expression Parser::parenthesised() {
  const size_t place = advance().place;
  Expression first = chain();
  if (!token_.is(",")) {
    expect(")", "or ',' after a value in parentheses");
    return first;
  }
  Tuple tuple;
  tuple.items.push_back(std::move(first));
  while (accept(",") && !token_.is(")")) tuple.items.push_back(chain());
  expect(")", "or ',' in a tuple");
  return {place, std::move(tuple)};
}

Expression Parser::choice() {
  const Level level(*this);
  const size_t place = token_.place;
  Choice choice;
  const auto braced_chain = [&](std::string_view purpose) {
    expect("{", purpose);
    choice.results.push_back(chain());
    expect("}", "to end this branch");
  };
  do {
    expect("if", "and a condition");
    choice.conditions.push_back(operation(0));
    braced_chain("after the condition");
    expect("else", "and its branch: a value is needed either way");
  } while (token_.is("if"));
  braced_chain("or 'if' after 'else'");
  return {place, std::move(choice)};
}

Literal Parser::number() {
  const Token token = advance();
  const char* end = token.text.data() + token.text.size();
  int64_t integer = 0;
  double real = 0;
  const bool is_integer = token.kind == Token::Kind::integer;
  const auto parsed = is_integer ? std::from_chars(token.text.data(), end, integer)
                                 : std::from_chars(token.text.data(), end, real);
  if (parsed.ec != std::errc{})
    source_.fail(token.place, fmt::format("expected a number of at most 64 bits, found {}", describe(token)));
  if (is_integer) return {integer};
  return {real};
}

Call Parser::call(std::string_view callee) {
  return {callee, token_.is("(") ? arguments() : std::vector<Argument>{}};
}

std::vector<Argument> Parser::arguments() {
  std::vector<Argument> arguments;
  expect("(", "to begin the arguments");
  while (!token_.is(")")) {
    const size_t place = token_.place;
    std::string_view name;
    if (next_is_assignment()) {
      name = advance().text;
      advance();
    } else if (!arguments.empty() && !arguments.back().name.empty()) {
      unexpected("an argument by keyword, as after the first of these all are");
    }
    arguments.push_back({name, place, chain()});
    if (!accept(",")) break;
  }
  expect(")", "or ',' after an argument");
  return arguments;
}

Stages Parser::stages() {
  const Level level(*this);
  Stages stages;
  do stages.push_back(stage());
  while (accept("|"));
  return stages;
}

Stage Parser::stage() {
  const size_t place = token_.place;
  if (token_.is("if")) return {place, stage_choice()};
  if (accept("repeat")) {
    Repeat repeat;
    repeat.count.push_back(operation(0));
    repeat.body = braced_stages();
    return {place, std::move(repeat)};
  }
  const std::string_view callee = expect_name("a layer or a block, 'repeat' or 'if'").text;
  return {place, call(callee)};
}

StageChoice Parser::stage_choice() {
  StageChoice choice;
  do {
    expect("if", "and a condition");
    choice.conditions.push_back(operation(0));
    choice.results.push_back(braced_stages());
    if (!accept("else")) return choice;
  } while (token_.is("if"));
  choice.results.push_back(braced_stages());
  return choice;
}

Stages Parser::braced_stages() {
  expect("{", "and the layers to apply");
  Stages result = stages();
  expect("}", "or '|' after a layer");
  return result;
}

}  // namespace

File parse_file(const Source& source) { return Parser(source).file(); }

Expression parse_expression(const Source& source) {
  Parser parser(source);
  Expression expression = parser.chain();
  parser.expect_end("the end of the value");
  return expression;
}

Definition parse_signature(const Source& source) { return Parser(source).signature(); }

}  // namespace sinter::language
