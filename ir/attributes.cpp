#include "ir/attributes.h"

#include <algorithm>
#include <cmath>

#include "ir/graph.h"
#include "ir/text_attributes.h"

namespace sinter {
namespace {

bool is_kind(const AttributeValue& value, const AttributeDef& def) {
  switch (def.kind) {
    case AttrKind::integer:
    case AttrKind::axis:
      return std::holds_alternative<int64_t>(value);
    case AttrKind::real:
      return std::holds_alternative<double>(value);
    case AttrKind::boolean:
      return std::holds_alternative<bool>(value);
    case AttrKind::word:
      return std::holds_alternative<std::string>(value);
    case AttrKind::ints:
    case AttrKind::axes:
    case AttrKind::permutation:
    case AttrKind::shape:
      return std::holds_alternative<Ints>(value);
    case AttrKind::dtype:
      return std::holds_alternative<DType>(value);
    case AttrKind::body:
      return std::holds_alternative<Body>(value) &&
             (!def.fallback.empty() || std::get<Body>(value) != nullptr);
  }
  return false;
}

bool lists(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

void check_bounds(OpKind op, const AttributeDef& def, const AttributeValue& value) {
  const auto check = [&](double number) {
    if (number < def.min || number > def.max || std::isnan(number))
      fail_input("{}: {} is {}; expected {} to {}", to_string(op), def.name, number, def.min, def.max);
  };
  if (const auto* integer = std::get_if<int64_t>(&value)) check(static_cast<double>(*integer));
  if (const auto* real = std::get_if<double>(&value)) check(*real);
  if (const auto* ints = std::get_if<Ints>(&value)) {
    for (const int64_t number : *ints) check(static_cast<double>(number));
    const bool may_be_empty = def.fallback == "[]";
    if (def.length >= 0 && static_cast<int>(ints->size()) != def.length && !(may_be_empty && ints->empty()))
      fail_input("{}: {} has {} numbers; expected {}", to_string(op), def.name, ints->size(), def.length);
  }
  if (const auto* word = std::get_if<std::string>(&value); word && !lists(def.words, *word))
    fail_input("{}: {} is {}; expected one of: {}", to_string(op), def.name, *word, def.words);
}

}  // namespace

Attributes::Attributes(OpKind kind, const std::vector<Named>& given) : kind_(kind) {
  const OpDef& op = op_def(kind);
  std::vector<bool> set(op.attributes.size(), false);
  for (const AttributeDef& def : op.attributes)
    values_.push_back(def.fallback.empty() ? AttributeValue{} : parse_attribute(def, def.fallback));
  for (const auto& [name, value] : given) {
    const auto* def = std::ranges::find(op.attributes, name, &AttributeDef::name);
    if (def == op.attributes.end()) fail_input("{}: no attribute \"{}\"", op.name, name);
    if (!is_kind(value, *def)) fail_input("{}: attribute \"{}\" is of the wrong kind", op.name, name);
    check_bounds(kind, *def, value);
    values_[def - op.attributes.begin()] = value;
    set[def - op.attributes.begin()] = true;
  }
  for (size_t i = 0; i < op.attributes.size(); ++i)
    if (op.attributes[i].fallback.empty() && !set[i])
      fail_input("{}: attribute \"{}\" must be given", op.name, op.attributes[i].name);
}

const AttributeValue& Attributes::find(std::string_view name) const {
  const auto& defs = op_def(kind_).attributes;
  const auto* def = std::ranges::find(defs, name, &AttributeDef::name);
  require(def != defs.end(), "an attribute that the op's row lists");
  return values_[def - defs.begin()];
}

std::vector<Attributes::Named> Attributes::named() const {
  std::vector<Named> result;
  const auto& defs = op_def(kind_).attributes;
  for (size_t i = 0; i < values_.size(); ++i) result.emplace_back(defs[i].name, values_[i]);
  return result;
}

Attributes Attributes::with(std::string_view name, AttributeValue value) const {
  auto all = named();
  all.emplace_back(name, std::move(value));
  return Attributes(kind_, all);
}

bool Attributes::operator==(const Attributes& other) const {
  return kind_ == other.kind_ && std::ranges::equal(values_, other.values_, [](const auto& a, const auto& b) {
           const Body* body_a = std::get_if<Body>(&a);
           const Body* body_b = std::get_if<Body>(&b);
           if (!body_a || !body_b || !*body_a || !*body_b) return a == b;
           return *body_a == *body_b || **body_a == **body_b;
         });
}

}  // namespace sinter
