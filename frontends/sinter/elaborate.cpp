#include "frontends/sinter/elaborate.h"

#include <algorithm>

#include "frontends/sinter/elaborator.h"
#include "frontends/sinter/nearest_name.h"
#include "frontends/sinter/parser.h"

namespace sinter::language {
namespace {

constexpr int64_t largest_dim = INT32_MAX;

Datum evaluate_setting(const Setting& setting) {
  const std::string place = "--set " + setting.first;
  const Source source(setting.second, place);
  const Expression expression = parse_expression(source);
  const File nothing{};
  return Elaborator(nothing, source).constant(expression);
}

}  // namespace

std::string join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string indented(const Definition& definition) { return fmt::format("  {}", definition.signature); }

Elaborator::Elaborator(const File& file, const Source& source) : file_(file), source_(source) {
  define_layers();
  define_blocks();
}

void Elaborator::define_layers() {
  const auto table = layer_table();
  for (const LayerDef& layer : table) layer_sources_.emplace_back(layer.signature, "layer table");
  for (const Source& signature : layer_sources_) layer_definitions_.push_back(parse_signature(signature));
  for (size_t i = 0; i < table.size(); ++i)
    callables_[layer_definitions_[i].name] = {&layer_definitions_[i], table[i].build, table[i].joins};
}

void Elaborator::define_blocks() {
  for (const Definition& block : file_.blocks) {
    if (std::ranges::count(functions, block.name) > 0)
      source_.fail(block.place, fmt::format("a function is called '{}' already", block.name));
    const auto [other, fresh] = callables_.try_emplace(block.name, Callable{&block});
    if (fresh) continue;
    if (other->second.build)
      source_.fail(block.place, fmt::format("a layer is called '{}' already", block.name));
    source_.fail(block.place, fmt::format("a block is called '{}' already, in line {}", block.name,
                                          source_.at(other->second.definition->place).line));
  }
}

Graph Elaborator::run(std::span<const Setting> settings) {
  const Definition& model = file_.model;
  const auto is_input = [](const Statement& each) { return std::holds_alternative<Input>(each.form); };
  if (std::ranges::none_of(model.statements, is_input))
    source_.fail(model.place, fmt::format("expected an input in model '{}', found none", model.name),
                 "  such as input image: f32[N, 1, 28, 28]");
  graph_.name = model.name;
  graph_.add_result(body(model, model_arguments(settings), {}));
  graph_.at({});
  return std::move(graph_);
}

Datum Elaborator::constant(const Expression& expression) {
  const Scope none;
  Context context{none};
  return evaluate(expression, context);
}

Scope Elaborator::model_arguments(std::span<const Setting> settings) {
  const Definition& model = file_.model;
  Scope scope;
  for (const Setting& setting : settings) {
    const auto found = std::ranges::find(model.parameters, setting.first, &Parameter::name);
    if (found == model.parameters.end()) {
      std::vector<std::string_view> names;
      for (const Parameter& parameter : model.parameters) names.push_back(parameter.name);
      source_.fail(model.place,
                   fmt::format("model '{}' has no parameter '{}'{}", model.name, setting.first,
                               did_you_mean(setting.first, names)),
                   indented(model));
    }
    if (!scope.try_emplace(found->name, Binding{evaluate_setting(setting), found->place}).second)
      source_.fail(found->place, fmt::format("'{}' is set twice", setting.first));
  }
  for (const Parameter& parameter : model.parameters) {
    if (scope.contains(parameter.name)) continue;
    if (parameter.fallback.empty())
      source_.fail(
          parameter.place,
          fmt::format("the parameter '{0}' has no default: give it with --set {0}=VALUE", parameter.name));
    Context context{scope};
    scope.try_emplace(parameter.name, Binding{evaluate(parameter.fallback[0], context), parameter.place});
  }
  return scope;
}

Value Elaborator::body(const Definition& definition, Scope names, const std::string& path) {
  for (const Statement& each : definition.statements) {
    const std::string_view name = std::visit([](const auto& form) { return form.name; }, each.form);
    if (const auto other = names.find(name); other != names.end())
      source_.fail(each.place, fmt::format("'{}' is defined already, in line {}", name,
                                           source_.at(other->second.place).line));
    names.try_emplace(name, Binding{statement(definition, each, {names, join(path, name)}), each.place});
  }
  const Expression& last = definition.result[0];
  Context context{names, path};
  const Datum result = evaluate(last, context);
  if (const auto* value = std::get_if<Value>(&result)) return *value;
  source_.fail(last.place, fmt::format("expected the result of '{}' to be a value, found {}", definition.name,
                                       describe(result)));
}

Datum Elaborator::statement(const Definition& definition, const Statement& statement, Context context) {
  if (const auto* named = std::get_if<NamedValue>(&statement.form)) return evaluate(named->value, context);
  if (&definition != &file_.model)
    source_.fail(statement.place,
                 "expected inputs in the model only: a block works on the value it is given, 'in'");
  return input(std::get<Input>(statement.form), statement.place, context);
}

Value Elaborator::input(const Input& input, size_t place, const Context& context) {
  const auto dtype = parse_dtype(input.dtype);
  if (!dtype)
    source_.fail(input.dtype_place, fmt::format("expected an element type ({}), found '{}'",
                                                fmt::join(dtype_names, ", "), input.dtype));
  if (input.dims.size() > max_rank)
    source_.fail(input.dims[max_rank].place,
                 fmt::format("expected at most {} dimensions, found more", max_rank));
  Shape shape;
  for (const Expression& each : input.dims) shape.push_back(dim(each, context));
  graph_.at(source_.at(place));
  return graph_.input(std::string(input.name), {*dtype, std::move(shape), {}});
}

Dim Elaborator::dim(const Expression& expression, Context context) {
  const auto* name = std::get_if<Name>(&expression.form);
  const bool capital = name && name->text[0] >= 'A' && name->text[0] <= 'Z';
  if (capital && !context.names.contains(name->text)) return Dim(std::string(name->text));
  const Datum size = evaluate(expression, context);
  if (const auto* integer = std::get_if<int64_t>(&size); integer && *integer >= 1 && *integer <= largest_dim)
    return Dim(*integer);
  source_.fail(expression.place,
               fmt::format("expected a dimension (an integer from 1 to {}, or a symbol such as N), found {}",
                           largest_dim, describe(size)));
}

Graph elaborate(const File& file, const Source& source, std::span<const Setting> settings) {
  return Elaborator(file, source).run(settings);
}

}  // namespace sinter::language
