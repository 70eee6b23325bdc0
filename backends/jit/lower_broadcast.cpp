#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/lowering.h"
#include "backends/jit/nest.h"
#include "ir/cost.h"

// Elementwise ops and fusions of them where operands are broadcast along some dimensions. All is computed at
// the elements of the results.
namespace sinter::jit {
namespace {

std::optional<std::string> refuses(const Graph& body) {
  if (body.nodes().empty() || body.results().empty()) return "it computes nothing";
  const Shape& shape = body.type(body.results()[0].value).shape;
  for (const Node& node : body.nodes())
    if (auto why = refuses_elementwise(body, node)) return why;
  for (const ValueInfo& value : body.values())
    if (!broadcasts_to(value.type.shape, shape)) return "a value is larger than the results";
  for (const GraphResult& result : body.results()) {
    if (body.info(result.value).kind != ValueKind::result) return "a result is no op's";
    if (body.type(result.value).shape != shape) return "results have different shapes";
  }
  for (const ValueInfo& value : body.values())
    if (value.kind == ValueKind::constant && element_count(value.type.shape) != 1)
      return "a constant is no scalar";
  return std::nullopt;
}

// Operands of the results' shape lie as the results do, others plain.
Layout operand_layout(const Graph& graph, ValueId id, const Type& result) {
  return id.valid() && graph.type(id).shape == result.shape ? result.layout : Layout{};
}

// The first view is that of the results.
Nest nest_of(const Graph& graph, const NodeBody& body, const Type& result) {
  std::vector<View> views = {view_of(result)};
  for (const ValueId id : body.operands) {
    Type type = graph.type(id);
    type.layout = operand_layout(graph, id, result);
    views.push_back(broadcast_view(type, result.shape.size()));
  }
  return {sizes(result.shape), std::move(views)};
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody body = body_of(graph, node);
  if (refuses(body.body)) return {};
  constexpr double operation = 0.3e-9;
  const double vector_seconds = operation * static_cast<double>(body.body.nodes().size());
  Type result = graph.type(node.results[0]);
  std::vector<Layout> layouts = {Layout{}};
  if (!result.shape.empty()) layouts.push_back(batch_blocked(result.shape.size()));
  std::vector<Implementation> ways;
  for (const Layout& layout : layouts) {
    result.layout = layout;
    Implementation way{{}, std::vector<Layout>(node.results.size(), layout), 0};
    for (const ValueId id : node.operands) way.operands.push_back(operand_layout(graph, id, result));
    way.seconds = nest_seconds(nest_of(graph, body, result), cost(graph, node).bytes, vector_seconds);
    ways.push_back(std::move(way));
  }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  const NodeBody body = body_of(graph, node);
  KernelBuilder k(kernel_name(node));
  const auto argument = [&](ValueId id) {
    const size_t position = position_of(node, id);
    const char* kind = position < node.operands.size() ? "x" : "y";
    return k.argument(fmt::format("{}{}", kind, position), graph.type(id), position);
  };
  std::vector<BufferId> inputs, outputs;
  for (const ValueId id : body.operands) inputs.push_back(argument(id));
  for (const ValueId id : body.results) outputs.push_back(argument(id));
  Nest nest = nest_of(graph, body, graph.type(node.results[0]));
  nest.over_kept(k, static_cast<double>(body.body.nodes().size()), [&] {
    Expressions value(k, body.body, nest.vector(), [&](ValueId id) -> std::optional<Expr> {
      const auto inputs_of_body = body.body.inputs();
      const auto found = std::ranges::find(inputs_of_body, id);
      if (found == inputs_of_body.end()) return std::nullopt;
      const auto i = static_cast<size_t>(found - inputs_of_body.begin());
      return k.let("x", nest.load(k, inputs[i], i + 1));
    });
    // All is read before anything is written: a result may lie in an operand's memory.
    std::vector<Expr> results;
    for (const GraphResult& result : body.body.results()) results.push_back(value(result.value));
    for (size_t i = 0; i < results.size(); ++i) nest.store(k, outputs[i], 0, results[i]);
  });
  return {{k.finish()}, 0};
}

}  // namespace

std::optional<std::string> refuses_broadcast_body(const Graph& body) { return refuses(body); }

const Lowering broadcast_lowering = {implementations, lower};

}  // namespace sinter::jit
