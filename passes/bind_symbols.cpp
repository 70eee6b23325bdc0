#include "passes/bind_symbols.h"

#include "ir/copy.h"

namespace sinter {

bool bind_symbols(Graph& graph, const PassOptions& options) {
  for (const auto& [symbol, size] : options.symbols)
    if (size < 0) fail_input("symbol {} is to be {}; expected a size of 0 or more", symbol, size);
  bool changed = false;
  const auto bound = [&](ValueId id) {
    Type type = graph.type(id);
    for (Dim& dim : type.shape) {
      const auto found = options.symbols.find(dim.symbol);
      if (!dim.is_symbol() || found == options.symbols.end()) continue;
      dim = Dim(found->second);
      changed = true;
    }
    return type;
  };
  GraphCopy copy(graph, bound);
  for (const Node& node : graph.nodes()) copy.infer(node);
  graph = copy.finish();
  return changed;
}

std::vector<std::string> batch_symbols(const Graph& model) {
  std::vector<std::string> symbols;
  for (const ValueId id : model.inputs()) {
    const Shape& shape = model.type(id).shape;
    if (!shape.empty() && shape[0].is_symbol()) symbols.push_back(shape[0].symbol);
  }
  return symbols;
}

}  // namespace sinter
