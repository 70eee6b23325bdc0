#include "runtime/non_finite.h"

#include <cmath>

#include "backends/backend.h"
#include "ir/interpreter.h"

namespace sinter {
namespace {

// Tensors keep elements of the half types without converting them: all bits of the exponent are set in
// infinity and nan, and none of the fraction in infinity.
std::optional<std::string_view> non_finite_half(const Tensor& tensor) {
  const bool brain = tensor.dtype() == DType::bf16;
  const uint16_t exponent = brain ? 0x7F80 : 0x7C00, fraction = brain ? 0x007F : 0x03FF;
  const std::span elements(static_cast<const uint16_t*>(tensor.data()), static_cast<size_t>(tensor.count()));
  for (const uint16_t element : elements)
    if ((element & exponent) == exponent) return (element & fraction) != 0 ? "nan" : "infinity";
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> non_finite(const Tensor& tensor) {
  if (!is_floating(tensor.dtype())) return std::nullopt;
  if (!has_reference_arithmetic(tensor.dtype())) return non_finite_half(tensor);
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const double value = tensor.at(i);
    if (!std::isfinite(value)) return std::isnan(value) ? "nan" : "infinity";
  }
  return std::nullopt;
}

std::optional<std::string> first_non_finite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors)
    if (const auto kind = non_finite(tensor)) return fmt::format("{} holds {}", name, *kind);
  return std::nullopt;
}

std::string first_non_finite_node(const Graph& graph, std::span<const Tensor> inputs,
                                  const Weights& weights) {
  Bindings bindings{{inputs.begin(), inputs.end()}, {}, {}};
  for (size_t i = 0; i < inputs.size(); ++i)
    if (const auto kind = non_finite(inputs[i]))
      return fmt::format("input {} holds {}", graph.info(graph.inputs()[i]).name, *kind);
  for (const ValueId id : graph.parameters()) {
    const std::string& name = graph.info(id).name;
    bindings.parameters.push_back(weights.at(name));
    if (const auto kind = non_finite(weights.at(name)))
      return fmt::format("parameter {} holds {} since an earlier update", name, *kind);
  }
  for (const ValueId id : graph.states()) bindings.states.push_back(weights.at(graph.info(id).name));
  std::string found;
  interpret(graph, bindings, [&](const Graph& g, NodeId id, std::span<const Tensor> results) {
    for (const Tensor& result : results) {
      const auto kind = non_finite(result);
      if (!found.empty() || !kind) continue;
      const Node& node = g.node(id);
      found = fmt::format("{}{} (node {}) first made {}", ops_of(node),
                          node.source.empty() ? "" : " of \"" + node.source + "\"", id, *kind);
    }
  });
  return found.empty() ? "the interpreter finds every value finite" : found;
}

}  // namespace sinter
