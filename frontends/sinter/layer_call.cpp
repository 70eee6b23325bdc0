#include "frontends/sinter/layer_call.h"

#include <algorithm>

#include "frontends/sinter/parser.h"

namespace sinter::language {
namespace {

std::string_view name_of(const LayerDef& layer) {
  return layer.signature.substr(0, layer.signature.find('('));
}

const LayerDef& find_layer(std::string_view name) {
  const auto table = layer_table();
  const auto found = std::ranges::find(table, name, name_of);
  require(found != table.end(), fmt::format("a layer of the table, not '{}'", name));
  return *found;
}

// `first` are bound to the first parameters, `given` to the others, by name.
Scope bound(const LayerDef& layer, std::span<const Value> first, std::span<const GivenArgument> given) {
  const Definition definition = parse_signature(Source(layer.signature, "layer table"));
  Scope scope;
  const auto& parameters = definition.parameters;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string_view name = parameters[i].name;
    const auto found = std::ranges::find(given, name, &GivenArgument::name);
    require(i < first.size() || found != given.end(), fmt::format("'{}' of {}", name, layer.signature));
    scope.try_emplace(name, Binding{i < first.size() ? Datum(first[i]) : found->value, 0});
  }
  require(parameters.size() == first.size() + given.size(), fmt::format("no more than {}", layer.signature));
  return scope;
}

}  // namespace

Value call_layer(std::string_view layer, std::string_view path, Graph& graph, std::vector<Value> values,
                 std::span<const GivenArgument> given) {
  const LayerDef& definition = find_layer(layer);
  const std::span<const Value> first(values.data(), definition.joins ? 1 : values.size());
  const Scope arguments = bound(definition, first, given);
  graph.at({.node = std::string(path)});
  return definition.build({layer, arguments, {nullptr, 0, path}, graph, std::move(values)});
}

}  // namespace sinter::language
