#include "ir/text_attributes.h"

#include <charconv>

namespace sinter {
namespace {

[[noreturn]] void wrong(const AttributeDef& def, std::string_view text, std::string_view expected) {
  fail_input("attribute \"{}\" is {}; expected {}", def.name, text, expected);
}

template <typename T>
T parse_number(const AttributeDef& def, std::string_view text, std::string_view expected) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) wrong(def, text, expected);
  return value;
}

Ints parse_ints(const AttributeDef& def, std::string_view text) {
  constexpr std::string_view expected = "a list of integers, [1, 2]";
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') wrong(def, text, expected);
  std::string_view rest = text.substr(1, text.size() - 2);
  Ints values;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    values.push_back(parse_number<int64_t>(def, rest.substr(0, end), expected));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (rest.empty()) wrong(def, text, expected);
  }
  return values;
}

}  // namespace

AttributeValue parse_attribute(const AttributeDef& def, std::string_view text) {
  switch (def.kind) {
    case AttrKind::integer:
    case AttrKind::axis:
      return parse_number<int64_t>(def, text, "an integer");
    case AttrKind::real:
      return parse_number<double>(def, text, "a number");
    case AttrKind::boolean:
      if (text != "true" && text != "false") wrong(def, text, "true or false");
      return text == "true";
    case AttrKind::word:
      return std::string(text);
    case AttrKind::ints:
    case AttrKind::axes:
    case AttrKind::permutation:
    case AttrKind::shape:
      return parse_ints(def, text);
    case AttrKind::dtype: {
      const auto dtype = parse_dtype(text);
      if (!dtype) wrong(def, text, "an element type");
      return *dtype;
    }
    case AttrKind::body:
      if (text == "none") return Body();
      break;
  }
  throw InternalError("a body has no text of its own", std::source_location::current());
}

std::string print_attribute(const AttributeValue& value) {
  struct Printer {
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return fmt::format("{}", v); }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const Ints& v) const { return fmt::format("[{}]", fmt::join(v, ", ")); }
    std::string operator()(DType v) const { return std::string(to_string(v)); }
    std::string operator()(const Body& body) const {
      if (body == nullptr) return "none";
      throw InternalError("a body has no text of its own", std::source_location::current());
    }
  };
  return std::visit(Printer{}, value);
}

}  // namespace sinter
