#include <algorithm>
#include <cmath>

#include "frontends/sinter/elaborator.h"
#include "frontends/sinter/nearest_name.h"

namespace sinter::language {
namespace {

// Far above any network of use, far below what would take minutes or the stack.
constexpr int max_depth = 400;
constexpr int max_steps = 1000000;

}  // namespace

Elaborator::Level::Level(Elaborator& elaborator, size_t place) : elaborator_(elaborator) {
  const Source& source = elaborator.source_;
  if (++elaborator.depth_ > max_depth)
    source.fail(
        place,
        fmt::format("expected blocks and expressions at most {} deep in each other, found more", max_depth));
  if (++elaborator.steps_ > max_steps)
    source.fail(place, fmt::format("expected a model of at most {} expressions when written out, found more",
                                   max_steps));
}

Datum Elaborator::evaluate(const Expression& expression, Context& context) {
  const Level level(*this, expression.place);
  return std::visit([&](const auto& form) { return evaluate(form, expression.place, context); },
                    expression.form);
}

Datum Elaborator::evaluate(const Literal& literal, size_t, Context&) {
  if (const auto* text = std::get_if<std::string_view>(&literal.value)) return std::string(*text);
  if (const auto* integer = std::get_if<int64_t>(&literal.value)) return *integer;
  if (const auto* real = std::get_if<double>(&literal.value)) return *real;
  return std::get<bool>(literal.value);
}

Datum Elaborator::evaluate(const Name& name, size_t place, Context& context) {
  const auto found = context.names.find(name.text);
  if (found == context.names.end()) unknown_name(name.text, place, context.names);
  return found->second.value;
}

void Elaborator::unknown_name(std::string_view name, size_t place, const Scope& names) const {
  if (name == "in") source_.fail(place, "only a block has an 'in': a model begins from its inputs");
  if (const auto callable = callables_.find(name); callable != callables_.end())
    source_.fail(place, fmt::format("expected a value, found {} '{}', which works on one: value | {}",
                                    callable->second.build ? "layer" : "block", name, name));
  std::vector<std::string_view> known = {"true", "false"};
  for (const auto& [each, binding] : names) known.push_back(each);
  source_.fail(place, fmt::format("nothing is called '{}' here{}", name, did_you_mean(name, known)));
}

Datum Elaborator::evaluate(const Tuple& tuple, size_t, Context& context) {
  Ints items;
  for (const Expression& each : tuple.items) {
    const Datum item = evaluate(each, context);
    const auto* integer = std::get_if<int64_t>(&item);
    if (!integer)
      source_.fail(each.place, fmt::format("expected integers in a tuple, found {}", describe(item)));
    items.push_back(*integer);
  }
  return items;
}

Datum Elaborator::evaluate(const Operation& operation, size_t, Context& context) {
  const Operator& first = operation.operators[0];
  if (first.text == "not") return !condition(operation.operands[0], context);
  if (first.text == "and" || first.text == "or") {
    const bool decisive = first.text == "or";  // the operand that makes all others unimportant
    for (const Expression& each : operation.operands)
      if (condition(each, context) == decisive) return decisive;
    return !decisive;
  }
  Datum left = evaluate(operation.operands[0], context);
  if (operation.operands.size() == 1) return operate(first, int64_t{0}, left, source_);
  for (size_t i = 0; i < operation.operators.size(); ++i)
    left = operate(operation.operators[i], left, evaluate(operation.operands[i + 1], context), source_);
  return left;
}

bool Elaborator::condition(const Expression& expression, Context& context) {
  const Datum datum = evaluate(expression, context);
  if (const auto* boolean = std::get_if<bool>(&datum)) return *boolean;
  source_.fail(expression.place,
               fmt::format("expected a condition that is true or false, found {}", describe(datum)));
}

// The first condition that holds, or the number of conditions.
size_t Elaborator::branch(std::span<const Expression> conditions, Context& context) {
  const auto holds = [&](const Expression& each) { return condition(each, context); };
  return std::ranges::find_if(conditions, holds) - conditions.begin();
}

Datum Elaborator::evaluate(const Choice& choice, size_t, Context& context) {
  return evaluate(choice.results[branch(choice.conditions, context)], context);
}

Datum Elaborator::evaluate(const Call& call, size_t place, Context& context) {
  if (call.callee == "int") return without_fraction(call, place, context);
  if (call.callee == "fail") fail_as_told(call, place, context);
  return this->call(call, place, {}, context);
}

// int(x), as in Python.
Datum Elaborator::without_fraction(const Call& call, size_t place, Context& context) {
  constexpr double limit = 0x1p63;
  if (call.arguments.size() != 1 || !call.arguments[0].name.empty())
    source_.fail(place, "int takes one number, such as int(64 * width)");
  const Expression& argument = call.arguments[0].value;
  const Datum number = evaluate(argument, context);
  if (std::holds_alternative<int64_t>(number)) return number;
  const auto* real = std::get_if<double>(&number);
  if (!real) source_.fail(argument.place, fmt::format("int: expected a number, found {}", describe(number)));
  if (std::abs(*real) >= limit)
    source_.fail(argument.place, fmt::format("int: {} does not fit 64 bits", *real));
  return static_cast<int64_t>(*real);
}

// fail("what is wrong"), for settings that a model does not take.
void Elaborator::fail_as_told(const Call& call, size_t place, Context& context) {
  const bool fits = call.arguments.size() == 1 && call.arguments[0].name.empty();
  const Datum text = fits ? evaluate(call.arguments[0].value, context) : Datum();
  if (const auto* message = std::get_if<std::string>(&text)) source_.fail(place, *message);
  source_.fail(place, "fail takes one string, which is the error's text");
}

Datum Elaborator::evaluate(const Chain& chain, size_t place, Context& context) {
  const Datum source = evaluate(chain.source[0], context);
  const auto* value = std::get_if<Value>(&source);
  if (!value)
    source_.fail(place, fmt::format("expected a chain to begin with a value, found {}", describe(source)));
  return apply(chain.stages, *value, context);
}

Value Elaborator::apply(const Stages& stages, Value value, Context& context) {
  for (const Stage& stage : stages) {
    const Level level(*this, stage.place);
    value =
        std::visit([&](const auto& form) { return apply(form, stage.place, value, context); }, stage.form);
  }
  return value;
}

Value Elaborator::apply(const Call& call, size_t place, Value value, Context& context) {
  return this->call(call, place, value, context);
}

Value Elaborator::apply(const Repeat& repeat, size_t, Value value, Context& context) {
  const Expression& count = repeat.count[0];
  const Datum datum = evaluate(count, context);
  const auto* times = std::get_if<int64_t>(&datum);
  if (!times || *times < 0)
    source_.fail(count.place, fmt::format("expected how many times to repeat, found {}", describe(datum)));
  for (int64_t i = 0; i < *times; ++i) value = apply(repeat.body, value, context);
  return value;
}

Value Elaborator::apply(const StageChoice& choice, size_t, Value value, Context& context) {
  const size_t taken = branch(choice.conditions, context);
  return taken < choice.results.size() ? apply(choice.results[taken], value, context) : value;
}

}  // namespace sinter::language
