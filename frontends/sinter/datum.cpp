#include "frontends/sinter/datum.h"

#include <cmath>
#include <optional>

namespace sinter::language {
namespace {

bool is_number(const Datum& datum) {
  return std::holds_alternative<int64_t>(datum) || std::holds_alternative<double>(datum);
}

double to_real(const Datum& number) {
  if (const auto* integer = std::get_if<int64_t>(&number)) return static_cast<double>(*integer);
  return std::get<double>(number);
}

// One of ==, !=, <, <=, > and >=; nothing for other operators.
template <typename T>
std::optional<bool> compare(std::string_view op, const T& a, const T& b) {
  if (op == "==") return a == b;
  if (op == "!=") return a != b;
  if (op == "<") return a < b;
  if (op == "<=") return a <= b;
  if (op == ">") return a > b;
  if (op == ">=") return a >= b;
  return std::nullopt;
}

Datum integer_arithmetic(const Operator& op, int64_t a, int64_t b, const Source& source) {
  const bool divides = op.text == "/" || op.text == "%";
  if (divides && b == 0) source.fail(op.place, fmt::format("{} {} 0 divides by zero", a, op.text));
  int64_t result = 0;
  bool overflow = false;
  if (op.text == "+")
    overflow = __builtin_add_overflow(a, b, &result);
  else if (op.text == "-")
    overflow = __builtin_sub_overflow(a, b, &result);
  else if (op.text == "*")
    overflow = __builtin_mul_overflow(a, b, &result);
  else if (b == -1)
    overflow = __builtin_sub_overflow(0, op.text == "/" ? a : 0, &result);
  else {
    const int64_t down = a % b != 0 && (a % b < 0) != (b < 0);
    result = op.text == "/" ? a / b - down : a % b + down * b;
  }
  if (overflow) source.fail(op.place, fmt::format("{} {} {} does not fit 64 bits", a, op.text, b));
  return result;
}

Datum real_arithmetic(const Operator& op, double a, double b, const Source& source) {
  if (op.text == "%") source.fail(op.place, "expected integers on both sides of '%', found a real number");
  const double result = op.text == "+" ? a + b : op.text == "-" ? a - b : op.text == "*" ? a * b : a / b;
  if (!std::isfinite(result))
    source.fail(op.place, fmt::format("{} {} {} is not a finite number", a, op.text, b));
  return result;
}

}  // namespace

std::string describe(const Datum& datum) {
  struct Describe {
    std::string operator()(int64_t x) const { return fmt::format("integer {}", x); }
    std::string operator()(double x) const { return fmt::format("number {}", x); }
    std::string operator()(bool x) const { return x ? "true" : "false"; }
    std::string operator()(const std::string& x) const { return fmt::format("string \"{:.40}\"", x); }
    std::string operator()(const Ints& x) const {
      constexpr size_t shown = 8;
      const std::span items(x.data(), std::min(x.size(), shown));
      return fmt::format("tuple ({}{})", fmt::join(items, ", "), x.size() > shown ? ", ..." : "");
    }
    std::string operator()(const Value& x) const { return "value " + to_string(x.type()); }
  };
  return std::visit(Describe{}, datum);
}

Datum operate(const Operator& op, const Datum& a, const Datum& b, const Source& source) {
  const auto* i = std::get_if<int64_t>(&a);
  const auto* j = std::get_if<int64_t>(&b);
  if (i && j) {
    if (const auto answer = compare(op.text, *i, *j)) return *answer;
    return integer_arithmetic(op, *i, *j, source);
  }
  if (is_number(a) && is_number(b)) {
    if (const auto answer = compare(op.text, to_real(a), to_real(b))) return *answer;
    return real_arithmetic(op, to_real(a), to_real(b), source);
  }
  const auto* p = std::get_if<bool>(&a);
  const auto* q = std::get_if<bool>(&b);
  if (p && q && (op.text == "==" || op.text == "!=")) return *compare(op.text, *p, *q);
  const bool values = std::holds_alternative<Value>(a) || std::holds_alternative<Value>(b);
  source.fail(op.place, fmt::format("'{}' does not apply to {} and {}", op.text, describe(a), describe(b)),
              values ? "  values are computed with by layers: add, sub, mul, div, maximum, minimum" : "");
}

}  // namespace sinter::language
