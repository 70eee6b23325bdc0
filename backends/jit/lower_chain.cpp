#include <algorithm>

#include "backends/jit/body.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "ir/cost.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

constexpr int64_t chunk = 256;  // vectors of a unit

bool is_scalar(const Type& type) { return element_count(type.shape) == 1; }

std::optional<std::string> refuses(const Graph& body) {
  if (body.nodes().empty() || body.results().empty()) return "it computes nothing";
  const Shape& shape = body.type(body.results()[0].value).shape;
  for (const Node& node : body.nodes()) {
    if (auto why = refuses_elementwise(body, node)) return why;
    for (const ValueId id : node.results)
      if (body.type(id).shape != shape)
        return fmt::format("{} gives another shape than the results have", to_string(node.op));
  }
  for (const ValueInfo& value : body.values())
    if (value.type.shape != shape && !is_scalar(value.type))
      return "an operand is broadcast along some dimensions only";
  for (const GraphResult& result : body.results())
    if (body.info(result.value).kind != ValueKind::result) return "a result is no op's";
  return std::nullopt;
}

// Whether zeros that fill up blocks stay zeros.
bool keeps_zeros(const Graph& body) {
  return std::ranges::all_of(body.nodes(), [&](const Node& node) {
    const OpDef& op = op_def(node.op);
    if (op.elementwise != Elementwise::keeps_zeros) return false;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      if (!node.operands[i].valid() || op.operands[i].pattern == "[]") continue;
      const ValueInfo& info = body.info(node.operands[i]);
      if (info.kind == ValueKind::constant && info.constant.at(0) != 0) return false;
      if (info.kind == ValueKind::input && is_scalar(info.type)) return false;
    }
    return true;
  });
}

// Padding must be filled with zeros again where the chain makes something else of it: one block does.
bool can_fill(const Layout& layout) {
  return layout.blocks().size() == 1 && layout.blocks()[0].size == vector_size;
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  const NodeBody chain = body_of(graph, node);
  if (refuses(chain.body)) return {};
  const Type& type = graph.type(node.results[0]);
  const Cost least = cost(graph, node);
  const double seconds =
      std::max(least.flops / flops_per_second(), least.bytes / bytes_per_second) + call_seconds;
  std::vector<Layout> layouts = {Layout{}};
  for (const Layout& layout : offered)
    if (!layout.is_plain() && !layout.is_opaque() && layout.order().size() == type.shape.size() &&
        (keeps_zeros(chain.body) || layout.padded(sizes(type.shape)) == sizes(type.shape) ||
         can_fill(layout)))
      layouts.push_back(layout);
  std::vector<Implementation> ways;
  for (const Layout& layout : layouts) {
    Implementation way{{}, std::vector<Layout>(node.results.size(), layout), seconds};
    for (const ValueId id : node.operands)
      way.operands.push_back(id.valid() && graph.type(id).shape == type.shape ? layout : Layout{});
    ways.push_back(std::move(way));
  }
  return ways;
}

// Writes a chain over memory order.
class ChainWriter {
 public:
  ChainWriter(const Graph& graph, const Node& node)
      : graph_(graph),
        node_(node),
        chain_(body_of(graph, node)),
        k_(kernel_name(node)),
        type_(graph.type(node.results[0])) {
    for (const ValueId id : chain_.operands) inputs_.push_back(argument(id));
    for (const ValueId id : chain_.results) outputs_.push_back(argument(id));
    for (const ValueId id : chain_.body.inputs())
      scalars_.push_back(is_scalar(chain_.body.type(id)) && !is_scalar(type_));
  }

  Kernel write() {
    const bool filled = !type_.layout.is_plain() && !keeps_zeros(chain_.body) &&
                        type_.layout.padded(sizes(type_.shape)) != sizes(type_.shape);
    filled ? write_blocks() : write_flat();
    Kernel kernel = k_.finish();
    kernel.scratch_argument = static_cast<int64_t>(node_.operands.size() + node_.results.size());
    return kernel;
  }

 private:
  BufferId argument(ValueId id) {
    const size_t position = position_of(node_, id);
    const char* kind = position < node_.operands.size() ? "x" : "y";
    return k_.argument(fmt::format("{}{}", kind, position), graph_.type(id), position);
  }

  // Element order is memory order: the last vector may be a part of one.
  void write_flat() {
    const int64_t elements = type_.bytes() / size_of(type_.dtype), whole = elements / vector_size,
                  rest = elements % vector_size, units = std::max<int64_t>(1, (whole + chunk - 1) / chunk);
    const Index unit = k_.parallel({{"chunk", units}})[0];
    if (whole != 0)
      k_.loop("v", std::vector<Index>{unit * chunk}, {(unit + 1) * chunk, whole},
              [&](Index v) { write_vector(v * vector_size, {}, {}); });
    if (rest != 0) k_.when({unit - (units - 1)}, [&] { write_vector(whole * vector_size, Index(rest), {}); });
  }

  // What fills up the blocks is zero: lanes from the dimension's size on.
  void write_blocks() {
    const int blocked = type_.layout.blocks()[0].dimension;
    const auto shape = sizes(type_.shape), padded = type_.layout.padded(shape);
    int64_t before = 1, after = 1;
    bool passed = false;
    for (const int dimension : type_.layout.order()) {
      if (dimension == blocked) {
        passed = true;
        continue;
      }
      (passed ? after : before) *= shape[dimension];
    }
    const int64_t blocks = padded[blocked] / vector_size;
    const auto at = k_.parallel({{"outer", before}, {"block", blocks}});
    k_.loop("inner", 0, after, [&](Index inner) {
      write_vector(((at[0] * blocks + at[1]) * after + inner) * vector_size, {},
                   shape[blocked] - at[1] * vector_size);
    });
  }

  void write_vector(const Index& index, std::optional<Index> count, std::optional<Index> lanes) {
    const Graph& body = chain_.body;
    Expressions value(k_, body, true, [&](ValueId id) -> std::optional<Expr> {
      for (size_t i = 0; i < inputs_.size(); ++i)
        if (body.inputs()[i] == id)
          return scalars_[i]
                     ? k_.let("scalar", k_.load({.buffer = inputs_[i], .index = 0, .lane_stride = 0}, true))
                     : k_.let("x", k_.load({.buffer = inputs_[i], .index = index, .count = count}, true));
      return std::nullopt;
    });
    // All is read before anything is written: a result may lie in an operand's memory.
    std::vector<Expr> results;
    for (const GraphResult& result : body.results()) results.push_back(value(result.value));
    for (size_t i = 0; i < results.size(); ++i) {
      const Expr full = lanes ? k_.first_lanes(results[i], *lanes) : results[i];
      k_.store({.buffer = outputs_[i], .index = index, .count = count}, full);
    }
  }

  const Graph& graph_;
  const Node& node_;
  NodeBody chain_;
  KernelBuilder k_;
  Type type_;
  std::vector<BufferId> inputs_, outputs_;
  std::vector<bool> scalars_;
};

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  return {{ChainWriter(graph, node).write()}, 0};
}

}  // namespace

std::optional<std::string> refuses_chain_body(const Graph& body) { return refuses(body); }

const Lowering chain_lowering = {implementations, lower};

}  // namespace sinter::jit
