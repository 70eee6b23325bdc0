#include "frontends/onnx/cleaned.h"

#include <algorithm>

#include "ir/build.h"
#include "ir/copy.h"
#include "ir/interpreter.h"

namespace sinter::onnx {
namespace {

constexpr int64_t largest_folded_bytes = 1 << 24;

class Cleaning {
 public:
  explicit Cleaning(const Graph& from)
      : from_(from), copy_(from, {}, [](ValueId) { return false; }), constants_(from.values().size()) {
    for (const ValueId id : from.constants()) constants_[id.index] = from.info(id).constant;
  }

  Graph run() {
    for (const Node& node : from_.nodes())
      if (is_constant(node)) fold(node);
    const std::vector<bool> needed = needed_values();
    for (const Node& node : from_.nodes()) {
      if (!std::ranges::any_of(node.results, [&](ValueId id) { return needed[id.index]; })) continue;
      if (constants_[node.results[0].index].defined()) continue;
      for (const ValueId id : node.operands) place(id);
      copy_.node(node);
    }
    for (const GraphResult& result : from_.results()) place(result.value);
    return copy_.finish();
  }

 private:
  bool is_constant(const Node& node) const {
    const bool small = std::ranges::all_of(node.results, [&](ValueId id) {
      return is_concrete(from_.type(id).shape) && from_.type(id).bytes() <= largest_folded_bytes;
    });
    return small && std::ranges::all_of(node.operands, [&](ValueId id) {
             return !id.valid() || constants_[id.index].defined();
           });
  }

  void fold(const Node& node) {
    Graph graph;
    std::vector<OptionalValue> operands;
    for (const ValueId id : node.operands)
      operands.push_back(id.valid() ? OptionalValue(graph.constant(constants_[id.index])) : std::nullopt);
    for (const Value result : graph.append(node.op, operands, node.attributes)) graph.add_result(result);
    const auto values = interpret(graph, {});
    for (size_t i = 0; i < values.size(); ++i) constants_[node.results[i].index] = values[i];
  }

  std::vector<bool> needed_values() const {
    std::vector<bool> needed(from_.values().size(), false);
    for (const GraphResult& result : from_.results()) needed[result.value.index] = true;
    for (auto node = from_.nodes().rbegin(); node != from_.nodes().rend(); ++node)
      if (std::ranges::any_of(node->results, [&](ValueId id) { return needed[id.index]; }))
        for (const ValueId id : node->operands)
          if (id.valid()) needed[id.index] = true;
    return needed;
  }

  // A constant, where it is first read.
  void place(ValueId id) {
    if (!id.valid() || !constants_[id.index].defined()) return;
    copy_.replace(id, copy_.graph().constant(constants_[id.index]));
    constants_[id.index] = {};
  }

  const Graph& from_;
  GraphCopy copy_;
  std::vector<Tensor> constants_;  ///< of known values, each placed where a node first reads it
};

}  // namespace

Graph cleaned(const Graph& graph) { return Cleaning(graph).run(); }

}  // namespace sinter::onnx
