#include <algorithm>

#include "frontends/sinter/elaborator.h"
#include "frontends/sinter/nearest_name.h"

namespace sinter::language {
namespace {

constexpr int max_layers = 20000;

}  // namespace

void Elaborator::count_layer(size_t place) {
  if (++layers_ > max_layers)
    source_.fail(
        place, fmt::format("expected a model of at most {} layers when written out, found more", max_layers));
}

Value Elaborator::call(const Call& call, size_t place, std::optional<Value> piped, Context& context) {
  count_layer(place);
  const Callable& callee = find_callable(call.callee, place);
  const std::string path = join(context.path, std::to_string(context.layers++));
  if (callee.joins) return join_call(callee, call, place, piped, context.names, path);
  Scope arguments = bind(*callee.definition, call, place, piped, context.names, path);
  if (!callee.build) return call_block(*callee.definition, place, std::move(arguments), path);
  graph_.at(source_.at(place, path));
  return callee.build({call.callee, arguments, {&source_, place, path}, graph_});
}

const Callable& Elaborator::find_callable(std::string_view name, size_t place) const {
  if (const auto found = callables_.find(name); found != callables_.end()) return found->second;
  std::vector<std::string_view> names;
  for (const auto& [each, callable] : callables_) names.push_back(each);
  const std::string guess = did_you_mean(name, names);
  source_.fail(place, fmt::format("no layer or block is called '{}'{}", name, guess),
               guess.empty() ? fmt::format("  there are {}", fmt::join(names, ", ")) : "");
}

// Which argument each parameter is given, if any.
Elaborator::Given Elaborator::match(const Definition& callee, const Call& call, bool piped) const {
  Given given(callee.parameters.size());
  size_t position = piped;
  for (const Argument& argument : call.arguments) {
    const size_t index = argument.name.empty() ? position++ : parameter_index(callee, argument);
    if (index >= given.size())
      source_.fail(argument.place,
                   fmt::format("{} takes at most {} arguments{}, found more", call.callee,
                               given.size() - piped, piped ? " in a chain" : ""),
                   indented(callee));
    if (given[index] || (piped && index == 0))
      source_.fail(argument.place,
                   fmt::format("{} is given {} twice", call.callee, callee.parameters[index].name),
                   indented(callee));
    given[index] = &argument;
  }
  return given;
}

size_t Elaborator::parameter_index(const Definition& callee, const Argument& argument) const {
  std::vector<std::string_view> names;
  for (const Parameter& parameter : callee.parameters) names.push_back(parameter.name);
  const auto found = std::ranges::find(names, argument.name);
  if (found != names.end()) return found - names.begin();
  source_.fail(argument.place,
               fmt::format("{} has no argument '{}'{}", callee.name, argument.name,
                           did_you_mean(argument.name, names)),
               indented(callee));
}

Scope Elaborator::bind(const Definition& callee, const Call& call, size_t place, std::optional<Value> piped,
                       const Scope& names, const std::string& path) {
  const Given given = match(callee, call, piped.has_value());
  Scope scope;
  const auto define = [&](const Parameter& parameter, const Expression& value, const Scope& visible,
                          size_t at) {
    Context context{visible, join(path, parameter.name)};
    scope.try_emplace(parameter.name, Binding{evaluate(value, context), at});
  };
  for (size_t i = 0; i < given.size(); ++i) {
    const Parameter& parameter = callee.parameters[i];
    if (piped && i == 0)
      scope.try_emplace(parameter.name, Binding{*piped, place});
    else if (given[i])
      define(parameter, given[i]->value, names, given[i]->place);
    else if (!parameter.fallback.empty())
      define(parameter, parameter.fallback[0], scope, place);
    else
      source_.fail(place, fmt::format("{} needs {}", call.callee, parameter.name), indented(callee));
    if (i == 0) require_value(callee, scope.at(parameter.name));
  }
  return scope;
}

// Of a layer that takes any number of values, by position; the others of its parameters go by keyword. What
// stands at place i has the path of an argument called i.
Value Elaborator::join_call(const Callable& callee, const Call& call, size_t place,
                            std::optional<Value> piped, const Scope& names, const std::string& path) {
  const Definition& layer = *callee.definition;
  std::vector<Value> values;
  if (piped) values.push_back(*piped);
  Call options{call.callee, {}};
  for (const Argument& argument : call.arguments) {
    if (!argument.name.empty()) {
      options.arguments.push_back(argument);
      continue;
    }
    Context context{names, join(path, std::to_string(values.size()))};
    const Binding given{evaluate(argument.value, context), argument.place};
    require_value(layer, given);
    values.push_back(std::get<Value>(given.value));
  }
  if (values.empty())
    source_.fail(place, fmt::format("{} needs {}", call.callee, layer.parameters[0].name), indented(layer));
  const Scope arguments = bind(layer, options, place, values[0], names, path);
  graph_.at(source_.at(place, path));
  return callee.build({call.callee, arguments, {&source_, place, path}, graph_, std::move(values)});
}

// Said before what else is missing: `conv2d(6, kernel_size=5)` at the head of a chain lacks this.
void Elaborator::require_value(const Definition& callee, const Binding& first) const {
  if (std::holds_alternative<Value>(first.value)) return;
  source_.fail(first.place,
               fmt::format("{0} works on a value, found {1}: write value | {0}(...)", callee.name,
                           describe(first.value)),
               indented(callee));
}

Value Elaborator::call_block(const Definition& block, size_t place, Scope arguments,
                             const std::string& path) {
  const auto outer = std::ranges::find(calls_, &block);
  if (outer != calls_.end()) {
    std::string cycle;
    for (auto each = outer; each != calls_.end(); ++each) cycle += fmt::format("{} -> ", (*each)->name);
    source_.fail(place, fmt::format("a block may not contain itself: {}{}", cycle, block.name));
  }
  calls_.push_back(&block);
  const Value result = body(block, std::move(arguments), path);
  calls_.pop_back();
  return result;
}

}  // namespace sinter::language
