#include "tests/backends/run_graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ir/relayout.h"
#include "ir/text.h"

namespace sinter {
namespace {

using Memory = std::shared_ptr<std::byte>;

Memory poisoned(int64_t bytes) {
  Memory memory = allocate_aligned(bytes);
  std::memset(memory.get(), 0xff, bytes);
  return memory;
}

void run_units(const Kernel& kernel, void* const* buffers, RandomEngine* random) {
  std::vector<int64_t> cuts = {0, kernel.units()};
  for (int i = 0; i < 3 && random && !kernel.self_parallel(); ++i)
    cuts.push_back(random_integer(*random, 0, kernel.units()));
  std::ranges::sort(cuts);
  std::vector<size_t> order(cuts.size() - 1);
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (random) std::ranges::shuffle(order, *random);
  const Memory workspace = poisoned(kernel.workspace_bytes());
  for (const size_t i : order) EXPECT_TRUE(kernel.run(buffers, workspace.get(), cuts[i], cuts[i + 1]));
}

// Every element as a double, padding included, and NaN as a number, which equals itself.
std::vector<double> elements(const Type& type, const void* data) {
  const int64_t count = type.bytes() / size_of(type.dtype);
  Tensor flat(type.dtype, {count});
  std::memcpy(flat.data(), data, flat.bytes());
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(std::isnan(flat.at(i)) ? 1e300 : flat.at(i));
  return values;
}

// Zeros of either sign.
void expect_zero_padding(const Type& type, const void* data, const Tensor& plain) {
  const Memory again = allocate_aligned(type.bytes());
  relayout(plain.type(), plain.data(), type, again.get());
  EXPECT_EQ(elements(type, data), elements(type, again.get()))
      << to_string(type) << ": blocks are filled up with zeros";
}

class GraphRun {
 public:
  GraphRun(const Graph& graph, const Bindings& bindings) : graph_(graph), memory_(graph.values().size()) {
    bind(graph.inputs(), bindings.inputs);
    bind(graph.parameters(), bindings.parameters);
    bind(graph.states(), bindings.states);
    for (const ValueId id : graph.constants()) place(id, graph.info(id).constant);
  }

  void run(const Node& node, const CompiledNode& compiled, RandomEngine* random) {
    for (const ValueId id : node.results) memory_[id.index] = poisoned(graph_.type(id).bytes());
    std::vector<void*> buffers;
    for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
      for (const ValueId id : *ids) buffers.push_back(id.valid() ? memory_[id.index].get() : nullptr);
    const Memory scratch = poisoned(compiled.scratch_bytes);
    buffers.push_back(scratch.get());
    for (const auto& kernel : compiled.kernels) run_units(*kernel, buffers.data(), random);
    for (const ValueId id : node.results)
      expect_zero_padding(graph_.type(id), memory_[id.index].get(), plain(id));
  }

  Tensor plain(ValueId id) const {
    const Type& type = graph_.type(id);
    Tensor tensor(type.dtype, sizes(type.shape));
    relayout(type, memory_[id.index].get(), tensor.type(), tensor.data());
    return tensor;
  }

 private:
  void bind(std::span<const ValueId> ids, const std::vector<Tensor>& tensors) {
    ASSERT_EQ(ids.size(), tensors.size());
    for (size_t i = 0; i < ids.size(); ++i) place(ids[i], tensors[i]);
  }

  void place(ValueId id, const Tensor& tensor) {
    const Type& type = graph_.type(id);
    memory_[id.index] = poisoned(type.bytes());
    relayout(tensor.type(), tensor.data(), type, memory_[id.index].get());
  }

  const Graph& graph_;
  std::vector<Memory> memory_;  ///< by value
};

}  // namespace

std::vector<Tensor> run_graph(const Backend& backend, const Graph& graph, const Bindings& bindings,
                              RandomEngine* random) {
  GraphRun run(graph, bindings);
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
    run.run(graph.node(id), backend.compile(graph, id), random);
  std::vector<Tensor> results;
  for (const GraphResult& result : graph.results()) results.push_back(run.plain(result.value));
  return results;
}

Graph laid_out(const Graph& plain, const Implementation& way) {
  Graph graph;
  Node node = plain.node(0);
  const auto with_layout = [&](ValueId id, const Layout& layout) -> Type {
    return {plain.type(id).dtype, plain.type(id).shape, layout};
  };
  std::map<ValueId, ValueId> inputs;
  for (const ValueId id : plain.inputs()) {
    const auto operand = std::ranges::find(node.operands, id) - node.operands.begin();
    inputs[id] = graph.input(plain.info(id).name, with_layout(id, way.operands.at(operand))).id();
  }
  for (ValueId& id : node.operands)
    if (id.valid()) id = inputs.at(id);
  std::vector<Type> types;
  for (size_t i = 0; i < node.results.size(); ++i)
    types.push_back(with_layout(node.results[i], way.results[i]));
  node.results.clear();
  for (const Value result : graph.append_typed(std::move(node), types)) graph.add_result(result);
  return graph;
}

Graph alone(const Graph& graph, NodeId id) {
  Graph result;
  Node node = graph.node(id);
  std::map<ValueId, ValueId> inputs;
  for (ValueId& operand : node.operands) {
    if (!operand.valid()) continue;
    if (!inputs.contains(operand))
      inputs[operand] = result.input(fmt::format("x{}", inputs.size()), graph.type(operand)).id();
    operand = inputs[operand];
  }
  std::vector<Type> types;
  for (const ValueId value : node.results) types.push_back(graph.type(value));
  node.results.clear();
  for (const Value value : result.append_typed(std::move(node), types)) result.add_result(value);
  return result;
}

Graph as_fusion(Graph body) {
  Graph graph;
  std::vector<std::optional<Value>> operands;
  for (const ValueId input : body.inputs())
    operands.emplace_back(graph.input(fmt::format("x{}", operands.size()), body.type(input)));
  const auto shared = std::make_shared<const Graph>(std::move(body));
  for (const Value result :
       graph.append(OpKind::fusion, operands, Attributes(OpKind::fusion, {{"body", shared}})))
    graph.add_result(result);
  return graph;
}

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance) {
  ASSERT_EQ(actual.type(), expected.type());
  if (tolerance == 0 || !is_floating(expected.dtype())) {
    for (int64_t i = 0; i < expected.count(); ++i)
      if (actual.at(i) != expected.at(i) && !(std::isnan(actual.at(i)) && std::isnan(expected.at(i))))
        ADD_FAILURE() << "element " << i << ": " << actual.at(i) << ", expected " << expected.at(i);
    EXPECT_EQ(actual, expected);
    return;
  }
  for (int64_t i = 0; i < expected.count(); ++i) {
    const bool same =
        actual.at(i) == expected.at(i) || (std::isnan(actual.at(i)) && std::isnan(expected.at(i)));
    if (same && !std::isfinite(expected.at(i))) continue;
    ASSERT_NEAR(actual.at(i), expected.at(i), tolerance * std::max(1.0, std::abs(expected.at(i))))
        << "element " << i;
  }
}

size_t expect_parity(const Backend& backend, const Graph& graph, const Bindings& bindings,
                     std::span<const Layout> offered, double tolerance, RandomEngine& random) {
  const auto ways = backend.implementations(graph, 0, offered);
  if (ways.empty()) return 0;
  const auto expected = interpret(graph, bindings);
  for (const Implementation& way : ways) {
    EXPECT_EQ(way.operands.size(), graph.node(0).operands.size());
    EXPECT_EQ(way.results.size(), graph.node(0).results.size());
    EXPECT_GE(way.seconds, 0);
    if (testing::Test::HasFailure()) break;
    const Graph laid = laid_out(graph, way);
    SCOPED_TRACE(print(laid));
    const auto actual = run_graph(backend, laid, bindings, &random);
    for (size_t i = 0; i < expected.size(); ++i) expect_near(actual[i], expected[i], tolerance);
    if (testing::Test::HasFailure()) break;
  }
  return ways.size();
}

std::vector<Layout> offers() {
  return {Layout{}, Layout::parse("acdb"), Layout::parse("aBcd16b"), Layout::parse("aBcd8b"),
          Layout::parse("ba")};
}

Bindings random_bindings(const Graph& graph, RandomEngine& random) {
  Bindings bindings;
  const auto draw = [&](std::span<const ValueId> ids, std::vector<Tensor>& tensors) {
    for (const ValueId id : ids) tensors.push_back(random_tensor(graph.type(id), Domain::any, 2, random));
  };
  draw(graph.inputs(), bindings.inputs);
  draw(graph.parameters(), bindings.parameters);
  draw(graph.states(), bindings.states);
  return bindings;
}

std::string compile_error(const Backend& backend, const Graph& graph, NodeId id) {
  try {
    backend.compile(graph, id);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace sinter
