#include <algorithm>
#include <array>
#include <cmath>

#include "backends/jit/body.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/epilogue.h"
#include "backends/jit/lowering.h"
#include "backends/jit/nest.h"
#include "ir/cost.h"

// The sum over a loop's lanes, perhaps scaled by a number, and the optimizer's update that reads it.
namespace sinter::jit {
namespace {

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

// The elements of a parameter, and where it and its lanes have them.
struct Walk {
  Nest nest;
  size_t own, lane;   ///< views of the parameter and of the first lane
  int64_t lane_step;  ///< from a lane to the next, in elements
};

// Where each lane lies as the parameter does all goes in memory order, whatever the layout. Else what has
// blocks leads: all of them are walked, and what fills them up is written.
Walk walk_of(const Type& lanes, const Type& own) {
  if (lanes.layout == own.layout.stacked()) {
    const int64_t elements = own.bytes() / size_of(own.dtype);
    return {Nest(std::array{elements}, {{{1}}}), 0, 0, elements};
  }
  View lane = view_of(lanes);
  const int64_t step = lane[0].stride;
  lane.erase(lane.begin());
  const auto shape = sizes(own.shape);
  if (own.layout.blocks().empty()) return {Nest(shape, {lane, view_of(own)}), 1, 0, step};
  return {Nest(shape, {view_of(own), lane}), 0, 1, step};
}

// Lanes one behind the other, and one value with a block of sixteen at most.
bool can_walk(const Layout& lanes, const Layout& own) {
  if (lanes == own.stacked()) return true;
  return lanes.cuts_into(1) && can_view(lanes) && can_view(own) &&
         (lanes.blocks().empty() || own.blocks().empty());
}

double seconds_of(const Graph& graph, const Node& node, const NodeBody& update, const Type& lanes,
                  const Type& own) {
  constexpr double lane_seconds = 0.25e-9, gather_seconds = 1e-9;  // a load, and two additions in f64
  const Walk walk = walk_of(lanes, own);
  const auto lane_count = static_cast<double>(lanes.shape[0].size);
  double vector_seconds = lane_count * lane_seconds;
  if (walk.own != 0)
    vector_seconds += gather_seconds * static_cast<double>(update.operands.size() + update.results.size());
  if (walk.lane != 0) vector_seconds += gather_seconds * lane_count;
  return nest_seconds(walk.nest, cost(graph, node).bytes, vector_seconds);
}

// Plain, and what is offered for values of so many dimensions.
std::vector<Layout> layouts_for(size_t rank, std::span<const Layout> offered) {
  std::vector<Layout> layouts = {Layout{}};
  for (const Layout& layout : offered)
    if (!layout.is_plain() && !layout.is_opaque() && layout.order().size() == rank) layouts.push_back(layout);
  return layouts;
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  const NodeBody update = body_of(graph, node);
  if (refuses(update.body)) return {};
  const ValueId summed = update.body.node(0).operands[0];
  Type lanes = update.body.type(summed), own = graph.type(node.results[0]);
  std::vector<Layout> of_lanes = layouts_for(lanes.shape.size(), offered);
  const std::vector<Layout> of_own = layouts_for(own.shape.size(), offered);
  for (const Layout& layout : of_own)
    if (std::ranges::find(of_lanes, layout.stacked()) == of_lanes.end()) of_lanes.push_back(layout.stacked());
  std::vector<Implementation> ways;
  for (const Layout& to : of_own)
    for (const Layout& from : of_lanes) {
      if (!can_walk(from, to)) continue;
      lanes.layout = from;
      own.layout = to;
      Implementation way{
          {}, std::vector<Layout>(update.results.size(), to), seconds_of(graph, node, update, lanes, own)};
      for (const ValueId id : update.body.inputs())
        way.operands.push_back(id == summed ? from : is_per_element(update.body, id) ? to : Layout{});
      ways.push_back(std::move(way));
    }
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
        lane_count_(update_.body.type(lanes_).shape[0].size),
        walk_(walk_of(graph.type(operand(lanes_)), graph.type(node.results[0]))) {
    for (const ValueId id : update_.operands) inputs_.push_back(argument(id));
    for (const ValueId id : update_.results) outputs_.push_back(argument(id));
  }

  Kernel write() {
    walk_.nest.over_kept(k_, static_cast<double>(lane_count_), [&] { write_elements(); });
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

  // Of the body's inputs.
  size_t place_of(ValueId id) const {
    return std::ranges::find(update_.body.inputs(), id) - update_.body.inputs().begin();
  }
  ValueId operand(ValueId id) const { return update_.operands[place_of(id)]; }
  BufferId input(ValueId id) const { return inputs_[place_of(id)]; }

  // In f64 and in order, as a sum on its own is made: the bits are the same.
  Expr sum_lanes() {
    const bool vector = walk_.nest.vector();
    const TileHandle total = k_.tile("total", DType::f64, vector, {});
    total.set({}, k_.number(DType::f64, 0, vector));
    const auto add = [&](const Index& lane) {
      Access from = walk_.nest.access(input(lanes_), walk_.lane);
      from.index += lane * walk_.lane_step;
      total.set({}, total() + k_.cast(k_.load(from, vector), DType::f64));
    };
    if (lane_count_ <= most_unrolled)
      k_.unroll("lane", lane_count_, add);
    else
      k_.loop("lane", 0, lane_count_, add);
    return k_.let("sum", k_.cast(total(), DType::f32));
  }

  void write_elements() {
    const Graph& body = update_.body;
    const Nest& nest = walk_.nest;
    const auto load = [&](ValueId id) {
      if (is_per_element(body, id)) return k_.let("x", nest.load(k_, input(id), walk_.own));
      return k_.let("scalar", k_.load({.buffer = input(id), .index = 0, .lane_stride = 0}, nest.vector()));
    };
    size_t next = 0;
    const auto store = [&](ValueId, const Expr& value) {
      nest.store(k_, outputs_[next++], walk_.own, value);
    };
    write_epilogue(k_, body, made_, sum_lanes(), {load, store});
  }

  const Graph& graph_;
  const Node& node_;
  NodeBody update_;
  KernelBuilder k_;
  ValueId made_, lanes_;  ///< of the body: the sum and what it adds up
  int64_t lane_count_;
  Walk walk_;
  std::vector<BufferId> inputs_, outputs_;
};

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  return {{LaneUpdateWriter(graph, node).write()}, 0};
}

}  // namespace

std::optional<std::string> refuses_lane_update_body(const Graph& body) { return refuses(body); }

const Lowering lane_update_lowering = {implementations, lower};

}  // namespace sinter::jit
