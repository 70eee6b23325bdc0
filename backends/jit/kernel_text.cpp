#include <fmt/format.h>
#include <fmt/ranges.h>

#include "backends/jit/kernel.h"

namespace sinter::jit {
namespace {

struct OpText {
  Op op;
  std::string_view name;
  std::string_view infix = {};
};

constexpr OpText texts[] = {
    {Op::constant, "constant"},
    {Op::index, "index"},
    {Op::load, "load"},
    {Op::lane_numbers, "lane_numbers"},
    {Op::tile, "tile"},
    {Op::splat, "splat"},
    {Op::add, "add", "+"},
    {Op::sub, "sub", "-"},
    {Op::mul, "mul", "*"},
    {Op::div, "div", "/"},
    {Op::multiply_add, "multiply_add"},
    {Op::minimum, "minimum"},
    {Op::maximum, "maximum"},
    {Op::absolute, "abs"},
    {Op::square_root, "sqrt"},
    {Op::exponential, "exp"},
    {Op::logarithm, "log"},
    {Op::power, "pow"},
    {Op::hyperbolic_tangent, "tanh"},
    {Op::logistic, "sigmoid"},
    {Op::equal, "equal", "=="},
    {Op::not_equal, "not_equal", "!="},
    {Op::less, "less", "<"},
    {Op::less_equal, "less_equal", "<="},
    {Op::greater, "greater", ">"},
    {Op::greater_equal, "greater_equal", ">="},
    {Op::logical_and, "and", "&&"},
    {Op::logical_or, "or", "||"},
    {Op::logical_not, "not"},
    {Op::select, "select"},
    {Op::cast, "cast"},
    {Op::exclusive_or, "exclusive_or", "^"},
    {Op::product_high, "product_high"},
    {Op::high_half, "high_half"},
    {Op::first_lanes, "first_lanes"},
    {Op::compress, "compress"},
    {Op::count_lanes, "count_lanes"},
    {Op::sum_lanes, "sum_lanes"},
    {Op::max_lanes, "max_lanes"},
    {Op::permute, "permute"},
    {Op::even_blocks, "even_blocks"},
    {Op::odd_blocks, "odd_blocks"},
};

constexpr bool in_order() {
  for (size_t i = 0; i < std::size(texts); ++i)
    if (static_cast<size_t>(texts[i].op) != i) return false;
  return static_cast<size_t>(Op::odd_blocks) + 1 == std::size(texts);
}
static_assert(in_order(), "one row for each op, in the order of Op");

class Printer {
 public:
  explicit Printer(const Kernel& kernel) : kernel_(kernel) {}

  std::string print() {
    std::vector<std::string> buffers;
    for (const Buffer& buffer : kernel_.buffers) buffers.push_back(text(buffer));
    text_ = fmt::format("kernel {}({}) {{\n", kernel_.name, fmt::join(buffers, ", "));
    if (kernel_.idle_where_same)
      text_ += fmt::format("  idle where {} is {}\n", kernel_.buffers[kernel_.idle_where_same->first].name,
                           kernel_.buffers[kernel_.idle_where_same->second].name);
    for (const Tile& tile : kernel_.tiles) text_ += fmt::format("  tile {}: {}\n", tile.name, text(tile));
    std::string indent = "  ";
    for (size_t i = 0; i < kernel_.parallel.size(); ++i) {
      text_ += fmt::format("{}parallel {} in 0..{} {{\n", indent, kernel_.variables[i], kernel_.parallel[i]);
      indent += "  ";
    }
    print(kernel_.body, indent);
    for (size_t i = 0; i < kernel_.parallel.size(); ++i) {
      indent.resize(indent.size() - 2);
      text_ += indent + "}\n";
    }
    return text_ + "}\n";
  }

 private:
  std::string text(const Buffer& buffer) const {
    const auto type = fmt::format("{}: {}[{}]", buffer.name, to_string(buffer.dtype), buffer.elements);
    if (buffer.place == Buffer::Place::argument)
      return fmt::format("{} = buffers[{}]", type, buffer.position);
    if (buffer.place == Buffer::Place::table)
      return fmt::format("{} = {{{}}}", type, fmt::join(buffer.contents, ", "));
    const auto place = buffer.place == Buffer::Place::workspace ? "workspace" : "scratch";
    return fmt::format("{} = {} + {}", type, place, buffer.position);
  }

  static std::string text(const Tile& tile) {
    std::string text(to_string(tile.dtype));
    if (tile.vector) text += fmt::format("x{}", vector_size);
    for (const int64_t size : tile.shape) text += fmt::format("[{}]", size);
    return text;
  }

  std::string text(const Index& index) const {
    std::string text;
    for (const Index::Term& term : index.terms()) {
      const std::string& name = kernel_.variables[term.variable];
      const int64_t size = std::abs(term.factor);
      text += text.empty() ? (term.factor < 0 ? "-" : "") : (term.factor < 0 ? " - " : " + ");
      text += size == 1 ? name : fmt::format("{}*{}", size, name);
    }
    if (text.empty()) return fmt::format("{}", index.constant());
    if (index.constant() != 0)
      text += fmt::format(" {} {}", index.constant() < 0 ? '-' : '+', std::abs(index.constant()));
    return text;
  }

  std::string text(std::span<const Index> list, std::string_view function) const {
    if (list.size() == 1) return text(list[0]);
    std::vector<std::string> texts;
    for (const Index& index : list) texts.push_back(text(index));
    return fmt::format("{}({})", function, fmt::join(texts, ", "));
  }

  std::string upper_text(const Loop& loop) const {
    const std::string known = text(loop.upper, "min");
    return loop.count ? fmt::format("min({}, {})", known, text(*loop.count)) : known;
  }

  std::string text(const Access& access, bool vector) const {
    std::string text = fmt::format("{}[{}", kernel_.buffers[access.buffer].name, this->text(access.index));
    if (access.offset)
      text += fmt::format(" + {} below {}", this->text(access.offset->value), access.offset->limit);
    if (vector) text += access.lane_stride == 1 ? " : 16" : fmt::format(" : 16 by {}", access.lane_stride);
    if (access.count) text += fmt::format(", first {}", this->text(*access.count));
    return text + "]";
  }

  std::string text(const TileElement& element) const {
    std::string text = kernel_.tiles[element.tile].name;
    for (const Index& index : element.at) text += fmt::format("[{}]", this->text(index));
    return text;
  }

  std::string text(ExpressionId id) const {
    const Expression& e = kernel_.expressions[id];
    switch (e.op) {
      case Op::constant:
        return fmt::format("{}", e.number);
      case Op::index:
        return fmt::format("index({})", text(e.index));
      case Op::load:
        return text(e.access, e.vector);
      case Op::lane_numbers:
        return "lane_numbers";
      case Op::tile:
        return text(e.element);
      case Op::cast:
        return fmt::format("{}({})", to_string(e.dtype), text(e.arguments[0]));
      case Op::first_lanes:
        return fmt::format("first_lanes({}, {})", text(e.arguments[0]), text(e.index));
      case Op::even_blocks:
      case Op::odd_blocks:
        return fmt::format("{}({}, {}, {})", to_string(e.op), text(e.arguments[0]), text(e.arguments[1]),
                           text(e.index));
      default:
        break;
    }
    const OpText& op = texts[static_cast<size_t>(e.op)];
    if (!op.infix.empty())
      return fmt::format("({} {} {})", text(e.arguments[0]), op.infix, text(e.arguments[1]));
    std::vector<std::string> arguments;
    for (const ExpressionId argument : e.arguments) arguments.push_back(text(argument));
    return fmt::format("{}({})", op.name, fmt::join(arguments, ", "));
  }

  void print(const std::vector<Statement>& statements, const std::string& indent) {
    for (const Statement& statement : statements)
      std::visit([&](const auto& is) { print(is, indent); }, statement.is);
  }

  void print(const Assign& assign, const std::string& indent) {
    text_ += fmt::format("{}{} = {}\n", indent, text(assign.to), text(assign.value));
  }

  void print(const Store& store, const std::string& indent) {
    const bool vector = kernel_.expressions[store.value].vector;
    text_ += fmt::format("{}{} = {}\n", indent, text(store.to, vector), text(store.value));
  }

  void print(const Loop& loop, const std::string& indent) {
    text_ += fmt::format("{}{} {} in {}..{}", indent, loop.unroll ? "unroll" : "for",
                         kernel_.variables[loop.variable], text(loop.lower, "max"), upper_text(loop));
    if (loop.step != 1) text_ += fmt::format(" step {}", loop.step);
    print_block(loop.body, indent);
  }

  void print(const If& statement, const std::string& indent) {
    std::vector<std::string> conditions;
    for (const Index& index : statement.not_negative) conditions.push_back(text(index) + " >= 0");
    text_ += fmt::format("{}if {}", indent, fmt::join(conditions, " && "));
    print_block(statement.body, indent);
  }

  void print_block(const std::vector<Statement>& body, const std::string& indent) {
    text_ += " {\n";
    print(body, indent + "  ");
    text_ += indent + "}\n";
  }

  const Kernel& kernel_;
  std::string text_;
};

}  // namespace

std::string_view to_string(Op op) { return texts[static_cast<size_t>(op)].name; }
std::string to_string(const Kernel& kernel) { return Printer(kernel).print(); }

}  // namespace sinter::jit
