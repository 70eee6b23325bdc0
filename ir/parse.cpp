#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>

#include "ir/text.h"
#include "ir/text_attributes.h"
#include "ir/text_lexer.h"

namespace sinter {
namespace {

constexpr int most_nested_bodies = 32;
constexpr int64_t largest_dimension = int64_t{1} << 40;  // windows and padding add to it without overflow

class Parser {
 public:
  Parser(std::string_view text, std::string_view file, std::span<const std::byte> sidecar)
      : lexer_(text, file), text_bytes_(static_cast<int64_t>(text.size())), sidecar_(sidecar) {}

  Graph file() {
    Graph graph;
    lexer_.expect("graph");
    graph.name = name("the graph's name");
    Scope scope{graph, {}, {}};
    inputs(scope);
    lexer_.expect("->");
    result_types(scope);
    block(scope);
    lexer_.expect(Token::Kind::end, "the end of the text");
    return graph;
  }

 private:
  struct Scope {
    Graph& graph;
    std::map<std::string, ValueId, std::less<>> values;   ///< by key()
    std::vector<std::pair<std::string, Type>> announced;  ///< results in the header: name and type
    bool body = false;
  };

  std::string name(std::string_view what) {
    if (lexer_.peek().kind == Token::Kind::string) return lexer_.next().text;
    return lexer_.expect(Token::Kind::word, what).text;
  }

  // Runs `build`, whose InputErrors get the token's place.
  template <typename F>
  auto placed(const Token& token, F&& build) {
    try {
      return build();
    } catch (const InputError& error) {
      if (error.location() != Location{}) throw;
      throw InputError(lexer_.location(token.offset), error.message(), error.notes());
    }
  }

  // Numbers and names are two things: %1 is not %"1".
  static std::string key(const Token& value) {
    const bool number = !value.quoted && value.text.find_first_not_of("0123456789") == std::string::npos;
    return (number ? "#" : "%") + value.text;
  }

  void define(Scope& scope, const Token& token, ValueId id) {
    if (!scope.values.emplace(key(token), id).second)
      lexer_.fail_at(token, fmt::format("%{} is defined twice", token.text));
  }

  ValueId lookup(const Scope& scope, const Token& token) const {
    const auto found = scope.values.find(key(token));
    if (found == scope.values.end())
      lexer_.fail_at(token, fmt::format("%{} is not defined before here", token.text));
    return found->second;
  }

  Token named_value(std::string_view what) {
    Token token = lexer_.expect(Token::Kind::value, what);
    if (key(token).front() == '#') lexer_.fail_at(token, "a number where a name is needed");
    return token;
  }

  Dim dim() {
    if (lexer_.peek().kind == Token::Kind::word) return lexer_.next().text;
    const Token token = lexer_.expect(Token::Kind::number, "a dimension: a number or a symbol");
    const int64_t size = integer(token);
    if (size < 0) lexer_.fail_at(token, "a negative dimension");
    if (size > largest_dimension) lexer_.fail_at(token, "a dimension of more than 2^40 elements");
    return size;
  }

  int64_t integer(const Token& token) const {
    int64_t value = 0;
    const auto [end, error] =
        std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    if (error != std::errc{} || end != token.text.data() + token.text.size())
      lexer_.fail_at(token, fmt::format("\"{}\" is no integer", token.text));
    return value;
  }

  Type type() {
    const Token token = lexer_.expect(Token::Kind::word, "a type such as f32[N, 10]");
    const auto dtype = parse_dtype(token.text);
    if (!dtype) lexer_.fail_at(token, fmt::format("unknown element type \"{}\"", token.text));
    Type type{*dtype, {}, {}};
    lexer_.expect("[");
    while (!lexer_.take("]")) {
      if (!type.shape.empty()) lexer_.expect(",");
      type.shape.push_back(dim());
    }
    if (type.shape.size() > max_rank) lexer_.fail_at(token, fmt::format("more than {} dimensions", max_rank));
    if (lexer_.peek().text == "{") {
      lexer_.next();
      type.layout = placed(token, [&] { return Layout::parse(lexer_.until('}')); });
    }
    if (is_concrete(type.shape)) placed(token, [&] { return type.bytes(); });
    return type;
  }

  void inputs(Scope& scope) {
    lexer_.expect("(");
    for (bool first = true; !lexer_.take(")"); first = false) {
      if (!first) lexer_.expect(",");
      const Token token = named_value("an input, %name: type");
      lexer_.expect(":");
      Type of = type();
      define(scope, token, placed(token, [&] { return scope.graph.input(token.text, of).id(); }));
    }
  }

  void result_types(Scope& scope) {
    lexer_.expect("(");
    for (bool first = true; !lexer_.take(")"); first = false) {
      if (!first) lexer_.expect(",");
      std::string label;
      const Token before = lexer_.peek();
      const bool named = before.kind == Token::Kind::string || !parse_dtype(before.text);
      if (named) {
        label = name("a result's type");
        lexer_.expect(":");
      }
      scope.announced.emplace_back(label, type());
    }
  }

  void block(Scope& scope) {
    if (++depth_ > most_nested_bodies) lexer_.fail_at(lexer_.peek(), "bodies are nested too deeply");
    lexer_.expect("{");
    while (lexer_.peek().text == "param" || lexer_.peek().text == "state") declaration(scope);
    while (lexer_.take("const")) constant(scope);
    while (lexer_.peek().kind == Token::Kind::value) node(scope);
    returned(scope);
    lexer_.expect("}");
    --depth_;
  }

  void declaration(Scope& scope) {
    const bool parameter = lexer_.next().text == "param";
    const Token token = named_value("a name, %name: type");
    lexer_.expect(":");
    Type of = type();
    define(
        scope, token, placed(token, [&] {
          return (parameter ? scope.graph.parameter(token.text, of) : scope.graph.state(token.text, of)).id();
        }));
  }

  void constant(Scope& scope) {
    const Token token = lexer_.expect(Token::Kind::value, "a constant, %1: f32[] = 0.5");
    lexer_.expect(":");
    const Type of = type();
    if (!is_concrete(of.shape)) lexer_.fail_at(token, "a constant with a symbol among its dimensions");
    if (!of.layout.is_plain()) lexer_.fail_at(token, "a constant with a layout; constants are plain");
    lexer_.expect("=");
    Tensor tensor = lexer_.take("sidecar") ? from_sidecar(of) : inline_elements(of);
    define(scope, token, scope.graph.constant(std::move(tensor)).id());
  }

  // Both look before they make room: a short text may announce more elements than memory holds.
  Tensor inline_elements(const Type& of) {
    const Token at = lexer_.peek();
    const int64_t count = element_count(of.shape);
    if (count > text_bytes_) lexer_.fail_at(at, fmt::format("expected {} elements", count));
    Tensor tensor(of.dtype, sizes(of.shape));
    if (of.shape.empty()) {
      element(tensor, 0);
      return tensor;
    }
    lexer_.expect("[");
    for (int64_t i = 0; i < count; ++i) {
      if (i) lexer_.expect(",");
      element(tensor, i);
    }
    if (!lexer_.take("]")) lexer_.fail_at(at, fmt::format("expected {} elements", count));
    return tensor;
  }

  Tensor from_sidecar(const Type& of) {
    lexer_.expect("(");
    const Token token = lexer_.expect(Token::Kind::number, "an offset");
    const int64_t offset = integer(token), size = static_cast<int64_t>(sidecar_.size());
    if (offset < 0 || offset > size || of.bytes() > size - offset)
      lexer_.fail_at(token, fmt::format("{} bytes at {} where the sidecar has {}", of.bytes(), offset, size));
    lexer_.expect(")");
    Tensor tensor(of.dtype, sizes(of.shape));
    std::memcpy(tensor.data(), sidecar_.data() + offset, tensor.bytes());
    return tensor;
  }

  void element(Tensor& tensor, int64_t i) {
    const Token token = lexer_.next();
    if (tensor.dtype() == DType::bf16 || tensor.dtype() == DType::f16)
      lexer_.fail_at(token, "constants of this type stand in a sidecar");
    dispatch_numeric(tensor.dtype(), [&]<typename T>() {
      if constexpr (std::is_same_v<T, bool>) {
        if (token.text != "true" && token.text != "false") lexer_.fail_at(token, "expected true or false");
        tensor.values<T>()[i] = token.text == "true";
      } else {
        T value{};
        const char* end = token.text.data() + token.text.size();
        const auto [stop, error] = std::from_chars(token.text.data(), end, value);
        if (error != std::errc{} || stop != end)
          lexer_.fail_at(token, fmt::format("\"{}\" is no {}", token.text, to_string(tensor.dtype())));
        tensor.values<T>()[i] = value;
      }
    });
  }

  void node(Scope& scope) {
    std::vector<Token> names = {lexer_.next()};
    while (lexer_.take(",")) names.push_back(lexer_.expect(Token::Kind::value, "a result"));
    lexer_.expect("=");
    const Token op = lexer_.expect(Token::Kind::word, "an op");
    const auto kind = find_op(op.text);
    if (!kind) lexer_.fail_at(op, fmt::format("unknown op \"{}\"; `sinter ops` lists them", op.text));
    std::vector<ValueId> operands = operand_list(scope);
    auto named = attributes(*kind);
    Node node{*kind, placed(op, [&] { return Attributes(*kind, named); }), std::move(operands), {}, {}};
    lexer_.expect(":");
    std::vector<Type> types = {type()};
    while (lexer_.take(",")) types.push_back(type());
    if (types.size() != names.size())
      lexer_.fail_at(op, fmt::format("{} results with {} types", names.size(), types.size()));
    if (lexer_.take("@")) node.source = lexer_.expect(Token::Kind::string, "the source in quotes").text;
    const auto results = scope.graph.append_typed(std::move(node), types);
    for (size_t i = 0; i < names.size(); ++i) define(scope, names[i], results[i].id());
  }

  std::vector<ValueId> operand_list(const Scope& scope) {
    std::vector<ValueId> operands;
    lexer_.expect("(");
    while (!lexer_.take(")")) {
      if (!operands.empty()) lexer_.expect(",");
      if (lexer_.take("_"))
        operands.emplace_back();
      else
        operands.push_back(lookup(scope, lexer_.expect(Token::Kind::value, "an operand")));
    }
    while (!operands.empty() && !operands.back().valid()) operands.pop_back();  // as Graph::append
    return operands;
  }

  std::vector<Attributes::Named> attributes(OpKind kind) {
    std::vector<Attributes::Named> named;
    const OpDef& op = op_def(kind);
    if (lexer_.take("{")) {
      do {
        const Token token = lexer_.expect(Token::Kind::word, "an attribute's name");
        const auto* def = std::ranges::find(op.attributes, token.text, &AttributeDef::name);
        if (def == op.attributes.end() || def->kind == AttrKind::body)
          lexer_.fail_at(token, fmt::format("{} has no attribute \"{}\"", op.name, token.text));
        lexer_.expect("=");
        const std::string text = attribute_text();
        named.emplace_back(def->name, placed(token, [&] { return parse_attribute(*def, text); }));
      } while (lexer_.take(","));
      lexer_.expect("}");
    }
    for (const AttributeDef& def : op.attributes)
      if (def.kind == AttrKind::body && (def.fallback.empty() || lexer_.take(def.name)))
        named.emplace_back(def.name, body());
    return named;
  }

  std::string attribute_text() {
    if (!lexer_.take("[")) return lexer_.next().text;
    std::string text = "[";
    while (!lexer_.take("]")) {
      if (text.size() > 1) {
        lexer_.expect(",");
        text += ", ";
      }
      text += lexer_.expect(Token::Kind::number, "a number").text;
    }
    return text + "]";
  }

  AttributeValue body() {
    auto graph = std::make_shared<Graph>();
    Scope scope{*graph, {}, {}, true};
    inputs(scope);
    block(scope);
    return Body(std::move(graph));
  }

  void returned(Scope& scope) {
    const Token start = lexer_.peek();
    lexer_.expect("return");
    const bool any = lexer_.peek().kind == Token::Kind::value;
    for (size_t i = 0; i == 0 ? any : lexer_.take(","); ++i) {
      const Token token = lexer_.expect(Token::Kind::value, "a value");
      const Value value = scope.graph.value(lookup(scope, token));
      std::optional<Value> stored_in;
      if (lexer_.take("into"))
        stored_in =
            scope.graph.value(lookup(scope, lexer_.expect(Token::Kind::value, "a parameter or state")));
      if (!scope.body) {
        if (i >= scope.announced.size()) lexer_.fail_at(token, "more results than the header announces");
        if (scope.announced[i].second != value.type())
          lexer_.fail_at(token, fmt::format("{} where the header announces {}", to_string(value.type()),
                                            to_string(scope.announced[i].second)));
      }
      scope.graph.add_result(value, scope.body ? "" : scope.announced[i].first, stored_in);
    }
    if (!scope.body && scope.graph.results().size() != scope.announced.size())
      lexer_.fail_at(start, fmt::format("{} results; the header announces {}", scope.graph.results().size(),
                                        scope.announced.size()));
  }

  TextLexer lexer_;
  int64_t text_bytes_;
  std::span<const std::byte> sidecar_;
  int depth_ = 0;
};

}  // namespace

Graph parse(std::string_view text, std::string_view file, std::span<const std::byte> sidecar) {
  return Parser(text, file, sidecar).file();
}

}  // namespace sinter
