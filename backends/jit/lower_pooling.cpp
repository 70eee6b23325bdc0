#include "backends/jit/lowering.h"
#include "backends/jit/plane_pool.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

// Rows are shared out too where planes are few.
Kernel write_pool(const Graph& graph, const Node& node) {
  constexpr int64_t few_planes = 16;
  KernelBuilder k{std::string(to_string(node.op))};
  const auto value = [&](const char* name, ValueId id, size_t position) {
    return PlaneValue(k, k.argument(name, graph.type(id), position), graph.type(id));
  };
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  const PoolWindows windows(node.attributes, x, y);
  const bool with_argmax = node.results.size() > 1;
  const DType argmax_type = with_argmax ? graph.type(node.results[1]).dtype : DType::i32;
  PlaneValue from = value("x", node.operands[0], 0), to = value("y", node.results[0], 1);
  const auto argmax = with_argmax ? std::optional(value("argmax", node.results[1], 2)) : std::nullopt;
  PlanePool pool(k, node, x.dtype, windows, std::move(from), std::move(to), argmax, argmax_type);

  const bool samples = !x.layout.is_plain() || !y.layout.is_plain();
  const int64_t n = x.shape[0].size, c = x.shape[1].size, rows = windows.h().output;
  std::vector<std::pair<std::string, int64_t>> extents = {{"plane", n * c}};
  if (samples) extents = {{"block", batch_blocks(n)}, {"c", c}};
  const bool few = (samples ? batch_blocks(n) * c : n * c) < few_planes;
  if (few) extents.emplace_back("p", rows);
  const auto at = k.parallel(extents);
  PlaneSite site{samples ? PlaneLanes::samples : PlaneLanes::columns, at[0], samples ? at[1] : Index(0), 0,
                 0};
  const auto row = [&](Index p) {
    site.p = std::move(p);
    pool.write_row(site, at[0]);
  };
  few ? row(at.back()) : k.loop("p", 0, rows, row);
  return k.finish();
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  if (x.dtype != DType::f32 && x.dtype != DType::f64) return {};
  const Layout plain, blocked = batch_blocked(4);
  std::vector<Implementation> ways;
  for (const auto& [from, to] : {std::pair{plain, plain}, {blocked, blocked}, {plain, blocked}})
    ways.push_back({{from},
                    std::vector<Layout>(node.results.size(), to),
                    pool_seconds(node.attributes, x, y, from, to)});
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  return {{write_pool(graph, node)}, 0};
}

}  // namespace

const Lowering pooling_lowering = {implementations, lower};

}  // namespace sinter::jit
