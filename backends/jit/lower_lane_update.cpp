#include <algorithm>
#include <cmath>

#include "backends/jit/body.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/epilogue.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "ir/cost.h"

// The sum over a loop's lanes, perhaps scaled by a number, and the optimizer's update that reads it.
namespace sinter::jit {
namespace {

constexpr int64_t chunk = 32;  // vectors of a unit
constexpr int64_t most_unrolled = 16;
constexpr int64_t most_lanes = 64;  // more are summed in parts, on several threads

bool is_finite_number(const Graph& body, ValueId id) {
  const ValueInfo& info = body.info(id);
  return info.kind == ValueKind::constant && info.type.shape.empty() && std::isfinite(info.constant.at(0));
}

std::optional<std::string> refuses_sum(const Graph& body, const Node& sum) {
  if (sum.op != OpKind::sum || sum.attributes.ints("axes") != Ints{0} || sum.attributes.boolean("keepdims"))
    return fmt::format("{} is no sum of lanes", to_string(sum.op));
  const Type& lanes = body.type(sum.operands[0]);
  if (body.info(sum.operands[0]).kind != ValueKind::input) return "the lanes are no operand";
  if (lanes.dtype != DType::f32) return fmt::format("the lanes are in {}", to_string(lanes.dtype));
  if (lanes.shape.size() < 2) return "the lanes are single numbers";
  if (lanes.shape[0].size > most_lanes)
    return fmt::format("{} lanes are more than {}", lanes.shape[0].size, most_lanes);
  return std::nullopt;
}

// Zeros that fill up blocks stay zeros through a product with a finite number, and through an update.
std::optional<std::string> refuses(const Graph& body) {
  const size_t ops = body.nodes().size();
  if (ops < 2 || ops > 3 || !op_def(body.nodes().back().op).updates)
    return "it is no sum of lanes and an update";
  if (auto why = refuses_sum(body, body.node(0))) return why;
  ValueId gradient = body.node(0).results[0];
  const Node& update = body.nodes().back();
  if (ops == 3) {
    const Node& scale = body.node(1);
    const bool scales = scale.op == OpKind::mul &&
                        ((scale.operands[0] == gradient && is_finite_number(body, scale.operands[1])) ||
                         (scale.operands[1] == gradient && is_finite_number(body, scale.operands[0])));
    if (!scales) return fmt::format("{} does not scale the sum by a number", to_string(scale.op));
    gradient = scale.results[0];
  }
  if (update.operands[1] != gradient) return "the update reads something else than the sum";
  for (size_t i = 0; i < update.operands.size(); ++i)
    if (i != 1 && update.operands[i].valid() && body.info(update.operands[i]).kind != ValueKind::input &&
        !is_finite_number(body, update.operands[i]))
      return "something is computed beside the sum";
  for (const GraphResult& result : body.results())
    if (std::ranges::count(update.results, result.value) == 0) return "a result is not the update's";
  return refuses_elementwise(body, update);
}

bool is_per_element(const Graph& body, ValueId id) { return !body.type(id).shape.empty(); }

// Reading and writing in memory order; the lanes' layout is the parameter's with another dimension before.
Implementation way_in(const NodeBody& update, const Layout& layout, double seconds) {
  const Graph& body = update.body;
  const ValueId lanes = body.node(0).operands[0];
  Implementation way{{}, std::vector<Layout>(update.results.size(), layout), seconds};
  for (const ValueId id : body.inputs())
    way.operands.push_back(id == lanes ? layout.stacked() : is_per_element(body, id) ? layout : Layout{});
  return way;
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  constexpr double vector_seconds = 0.25e-9;  // a load, and two additions in f64
  const NodeBody update = body_of(graph, node);
  if (refuses(update.body)) return {};
  const auto rank = graph.type(node.results[0]).shape.size();
  const double vectors =
      static_cast<double>(element_count(update.body.type(update.body.node(0).operands[0]).shape)) /
      vector_size;
  const double seconds =
      std::max(cost(graph, node).bytes / bytes_per_second, vectors * vector_seconds) + call_seconds;
  std::vector<Implementation> ways = {way_in(update, {}, seconds)};
  for (const Layout& layout : offered)
    if (!layout.is_plain() && !layout.is_opaque() && layout.order().size() == rank)
      ways.push_back(way_in(update, layout, seconds));
  return ways;
}

class LaneUpdateWriter {
 public:
  LaneUpdateWriter(const Graph& graph, const Node& node)
      : graph_(graph),
        node_(node),
        update_(body_of(graph, node)),
        k_(kernel_name(node)),
        made_(update_.body.node(0).results[0]),
        lanes_(update_.body.node(0).operands[0]),
        count_(update_.body.type(lanes_).shape[0].size) {
    const Type& type = graph.type(node.results[0]);
    elements_ = type.bytes() / size_of(type.dtype);
    for (const ValueId id : update_.operands) inputs_.push_back(argument(id));
    for (const ValueId id : update_.results) outputs_.push_back(argument(id));
  }

  // The last vector may be a part of one.
  Kernel write() {
    const int64_t whole = elements_ / vector_size, rest = elements_ % vector_size,
                  units = std::max<int64_t>(1, (whole + chunk - 1) / chunk);
    const Index unit = k_.parallel({{"chunk", units}})[0];
    if (whole != 0)
      k_.loop("v", std::vector<Index>{unit * chunk}, {(unit + 1) * chunk, whole},
              [&](Index v) { write_vector(v * vector_size, {}); });
    if (rest != 0) k_.when({unit - (units - 1)}, [&] { write_vector(whole * vector_size, Index(rest)); });
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

  BufferId input(ValueId id) const {
    return inputs_[std::ranges::find(update_.body.inputs(), id) - update_.body.inputs().begin()];
  }

  // In f64 and in order, as a sum on its own is made: the bits are the same.
  Expr sum_lanes(const Index& index, const std::optional<Index>& count) {
    const TileHandle total = k_.tile("total", DType::f64, true, {});
    total.set({}, k_.number(DType::f64, 0, true));
    const auto add = [&](const Index& lane) {
      const Expr x =
          k_.load({.buffer = input(lanes_), .index = lane * elements_ + index, .count = count}, true);
      total.set({}, total() + k_.cast(x, DType::f64));
    };
    if (count_ <= most_unrolled)
      k_.unroll("lane", count_, add);
    else
      k_.loop("lane", 0, count_, add);
    return k_.let("sum", k_.cast(total(), DType::f32));
  }

  void write_vector(const Index& index, const std::optional<Index>& count) {
    const Graph& body = update_.body;
    const auto load = [&](ValueId id) {
      return is_per_element(body, id)
                 ? k_.let("x", k_.load({.buffer = input(id), .index = index, .count = count}, true))
                 : k_.let("scalar", k_.load({.buffer = input(id), .index = 0, .lane_stride = 0}, true));
    };
    size_t next = 0;
    const auto store = [&](ValueId, const Expr& value) {
      k_.store({.buffer = outputs_[next++], .index = index, .count = count}, value);
    };
    write_epilogue(k_, body, made_, sum_lanes(index, count), {load, store});
  }

  const Graph& graph_;
  const Node& node_;
  NodeBody update_;
  KernelBuilder k_;
  ValueId made_, lanes_;  ///< of the body: the sum and what it adds up
  int64_t count_, elements_;
  std::vector<BufferId> inputs_, outputs_;
};

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  return {{LaneUpdateWriter(graph, node).write()}, 0};
}

}  // namespace

std::optional<std::string> refuses_lane_update_body(const Graph& body) { return refuses(body); }

const Lowering lane_update_lowering = {implementations, lower};

}  // namespace sinter::jit
