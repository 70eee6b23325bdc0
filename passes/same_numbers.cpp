#include "passes/same_numbers.h"

#include <cmath>

#include "ir/philox.h"
#include "passes/bind_symbols.h"

namespace sinter {
namespace {

constexpr int64_t size_for_symbols = 2;

Tensor random_tensor(const ValueInfo& info, uint64_t seed) {
  Tensor tensor(info.type.dtype, sizes(info.type.shape));
  Random random(seed, stream_id(info.name));
  const bool rate = info.kind == ValueKind::input && tensor.shape().empty();
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const double uniform = random.uniform_double();
    const bool floating = is_floating(tensor.dtype());
    tensor.set(i, !floating ? std::floor(2 * uniform) : rate ? 0.01 + 0.09 * uniform : 2 * uniform - 1);
  }
  return tensor;
}

// Binds every symbol, so that the graph can run: to the size that `bound` has in its place, if any.
Graph concrete(Graph graph, const Graph& bound) {
  PassOptions options;
  for (const ValueInfo& value : graph.values()) {
    const auto counterpart = value.name.empty() ? std::nullopt : bound.find(value.name);
    const Shape& shape = counterpart ? bound.type(*counterpart).shape : value.type.shape;
    for (size_t i = 0; i < value.type.shape.size(); ++i) {
      const Dim& dim = value.type.shape[i];
      if (!dim.is_symbol()) continue;
      const bool known = i < shape.size() && !shape[i].is_symbol();
      if (known)
        options.symbols[dim.symbol] = shape[i].size;
      else
        options.symbols.emplace(dim.symbol, size_for_symbols);
    }
  }
  if (!options.symbols.empty()) bind_symbols(graph, options);
  return graph;
}

std::optional<std::string> tensor_difference(const Tensor& a, const Tensor& b) {
  if (a.type() != b.type()) return fmt::format("{} became {}", to_string(a.type()), to_string(b.type()));
  const double tolerance = a.dtype() == DType::f64 ? 1e-10 : a.dtype() == DType::f32 ? 1e-5 : 0;
  for (int64_t i = 0; i < a.count(); ++i) {
    const double x = a.at(i), y = b.at(i);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const bool finite = std::isfinite(x) && std::isfinite(y);
    if (!finite || std::abs(x - y) > tolerance * std::max({1.0, std::abs(x), std::abs(y)}))
      return fmt::format("element {} was {} and is {}", i, x, y);
  }
  return std::nullopt;
}

}  // namespace

Bindings random_bindings(const Graph& graph, uint64_t seed) {
  Bindings bindings;
  for (const ValueId id : graph.inputs()) bindings.inputs.push_back(random_tensor(graph.info(id), seed));
  for (const ValueId id : graph.parameters())
    bindings.parameters.push_back(random_tensor(graph.info(id), seed));
  for (const ValueId id : graph.states()) bindings.states.push_back(random_tensor(graph.info(id), seed));
  return bindings;
}

std::optional<std::string> numeric_difference(const Graph& before, const Graph& after, Meaning meaning,
                                              uint64_t seed) {
  if (meaning == Meaning::changed) return std::nullopt;
  const Graph first = concrete(before, after), second = concrete(after, after);
  const auto expected = interpret(first, random_bindings(first, seed));
  const auto actual = interpret(second, random_bindings(second, seed));
  if (meaning == Meaning::kept && expected.size() != actual.size())
    return fmt::format("{} results became {}", expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::string& name = first.results()[i].name;
    const auto counterpart = meaning == Meaning::kept ? std::optional(i)
                             : name.empty()           ? std::nullopt
                                                      : second.find_result(name);
    if (!counterpart) continue;
    if (const auto difference = tensor_difference(expected[i], actual[*counterpart]))
      return fmt::format("result {}{}: {}", i, name.empty() ? "" : " \"" + name + "\"", *difference);
  }
  return std::nullopt;
}

}  // namespace sinter
