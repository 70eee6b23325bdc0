#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/machine.h"
#include "backends/jit/normalization.h"
#include "ir/op_table.h"

// Batch normalisation and its gradient with elementwise ops around them, in any layout that loops can walk.
// Where there are channels enough to share out, one kernel takes a channel, or sixteen, from the sums to the
// results, so that the second look at its values finds them in the core's cache; else sums are shared out by
// samples, and a second and a third kernel do what follows.
namespace sinter::jit {
namespace {

using Exprs = std::vector<Expr>;

const std::vector<bool> all_but_channels = {true, false, true, true};
constexpr int64_t few_channels = 4, most_parts = 16, part_elements = 16384;
constexpr int64_t chains = 4;  // additions in f64 take four cycles, and two units do them
constexpr int64_t sum_count = 2;

class Writer {
 public:
  Writer(const Graph& graph, const Node& node)
      : graph_(graph),
        node_(node),
        normal_(normalization_body(graph, node)),
        body_(normal_.own.body),
        shape_(sizes(body_.type(normal_.x()).shape)),
        math_(normal_.norm, static_cast<double>(shape_[0] * shape_[2] * shape_[3])),
        has_([this](size_t i) { return normal_.has(i); }) {
    for (size_t i = 0; i < normal_.own.operands.size(); ++i)
      add_value(body_.inputs()[i], normal_.own.operands[i]);
    for (size_t i = 0; i < normal_.own.results.size(); ++i)
      add_value(body_.results()[i].value, normal_.own.results[i]);
    leader_ = slot_of_input(normal_.x());
    first_ = values_.size();
    SumOperand first = values_[leader_];
    first.view = {{0}, first.view[1], {0}, {0}};
    values_.push_back(std::move(first));
    parts_ = count_parts();
  }

  Lowered lower() {
    if (parts_ == 0)
      write_whole_channels();
    else
      write_in_parts();
    for (Kernel& kernel : lowered_.kernels)
      kernel.scratch_argument = static_cast<int64_t>(node_.operands.size() + node_.results.size());
    return std::move(lowered_);
  }

  // What both sums read comes from memory twice where a channel outgrows the core's cache.
  double seconds() const {
    constexpr double cache_bytes = 1 << 20, sum_seconds = 1.2e-9, vector_seconds = 0.6e-9;
    const Nest nest = walk("seconds", shape_, all_but_channels, picture_view(), whole_values()).nest;
    double read = 0, written = 0;
    for (size_t slot = 0; slot < first_; ++slot) {
      const double bytes = static_cast<double>(values_[slot].elements * size_of(values_[slot].dtype));
      (slot < body_.inputs().size() ? read : written) += bytes;
    }
    const bool twice =
        math_.has_sums() && (parts_ > 0 || read / static_cast<double>(nest.kept_vectors()) > cache_bytes);
    const double arithmetic =
        vector_seconds * static_cast<double>(body_.nodes().size()) + (math_.has_sums() ? sum_seconds : 0);
    return nest_seconds(nest, read * (twice ? 2 : 1) + written, arithmetic) +
           (parts_ > 0 ? 2 * call_seconds : 0);
  }

 private:
  void add_value(ValueId in_body, ValueId of_node) {
    const Type& type = graph_.type(of_node);
    View view = {{0}, {0}, {0}, {0}};
    if (normal_.is_picture(in_body))
      view = view_of(type);
    else if (element_count(type.shape) == shape_[1] && type.shape.size() == 1)
      view[1] = {1};
    values_.push_back(argument_of(type, std::move(view), position_of(node_, of_node)));
  }

  bool is_channel(size_t slot) const {
    const ValueId id = slot < body_.inputs().size() ? body_.inputs()[slot]
                                                    : body_.results()[slot - body_.inputs().size()].value;
    return !normal_.is_picture(id);
  }
  size_t slot_of_input(ValueId id) const {
    return static_cast<size_t>(std::ranges::find(body_.inputs(), id) - body_.inputs().begin());
  }
  const View& picture_view() const { return values_[leader_].view; }

  Walk::Values whole_values() const { return {values_.begin(), values_.end()}; }

  Walk walk(const char* name, const std::vector<int64_t>& shape, const std::vector<bool>& reduced,
            const View& leader, const Walk::Values& values) const {
    return {fmt::format("{}_{}", kernel_name(node_), name), shape, reduced, leader, values};
  }

  // 0: channels are whole. A fixed number for a shape, so that the order of additions is fixed too.
  int64_t count_parts() const {
    const Nest nest = walk("parts", shape_, all_but_channels, picture_view(), whole_values()).nest;
    const int64_t parts =
        std::min({most_parts, nest.elements() / part_elements, nest.outermost_reduced_steps()});
    return nest.kept_vectors() >= few_channels || parts < 2 ? 0 : parts;
  }

  double work() const { return static_cast<double>(body_.nodes().size() + 2); }

  void write_whole_channels() {
    Walk w = walk("channels", shape_, all_but_channels, picture_view(), whole_values());
    w.nest.over_kept(w.k, work(), [&] {
      Exprs sums;
      std::optional<Expr> center;
      if (math_.has_sums()) {
        center = center_of(w);
        sums = add_up(w, *center);
      }
      const Exprs coefficients = coefficients_of(w, sums, center);
      w.nest.over_reduced(w.k, [&] { write_pictures(w, coefficients); });
    });
    lowered_.kernels.push_back(w.k.finish());
  }

  void write_in_parts() {
    const int64_t channels = shape_[1];
    Walk::Values values = whole_values();
    const size_t sums = values.size();
    const int64_t bytes = sum_count * channels * parts_ * size_of(DType::f64);
    values.emplace_back(SumOperand{
        DType::f64, parts_ * sum_count * channels, {{0}, {1}, {0}, {0}}, Buffer::Place::scratch, 0});
    lowered_.scratch_bytes = (bytes + 63) / 64 * 64;
    if (math_.has_sums()) write_sums_of_parts(values, sums);
    const std::vector<SumOperand> coefficients = write_coefficients();
    values.resize(sums);
    values.insert(values.end(), coefficients.begin(), coefficients.end());
    Walk w = walk("pictures", shape_, {}, picture_view(), values);
    w.nest.over_kept(w.k, work(), [&] {
      Exprs loaded;
      for (size_t i = 0; i < coefficients.size(); ++i) loaded.push_back(w.load(sums + i));
      write_pictures(w, loaded);
    });
    lowered_.kernels.push_back(w.k.finish());
  }

  void write_sums_of_parts(const Walk::Values& values, size_t slot) {
    Walk w = walk("sums", shape_, all_but_channels, picture_view(), values);
    w.nest.split(parts_);
    w.nest.over_kept(w.k, work(), [&] {
      const Exprs sums = add_up(w, center_of(w));
      for (size_t i = 0; i < sums.size(); ++i)
        w.store(slot, sums[i], (w.nest.part() * sum_count + static_cast<int64_t>(i)) * shape_[1]);
    });
    lowered_.kernels.push_back(w.k.finish());
  }

  // Adds up what the parts made, and keeps the coefficients in scratch memory.
  std::vector<SumOperand> write_coefficients() {
    const int64_t channels = shape_[1], in_part = sum_count * channels;
    Walk::Values values(first_ + 1);
    for (size_t slot = 0; slot < first_; ++slot)
      if (is_channel(slot)) {
        values[slot] = values_[slot];
        values[slot]->view = {{0}, values_[slot].view[1]};
      }
    values[first_] = values_[first_];
    values[first_]->view = {{0}, values_[first_].view[1]};
    const size_t sums = values.size();
    for (int64_t i = 0; i < sum_count; ++i) {
      const int64_t before = i * channels;
      values.emplace_back(SumOperand{DType::f64,
                                     parts_ * in_part - before,
                                     {{in_part}, {1}},
                                     Buffer::Place::scratch,
                                     before * size_of(DType::f64)});
    }
    std::vector<SumOperand> kept;
    for (size_t i = 0; i < math_.coefficient_count(has_); ++i) {
      kept.push_back({DType::f32, channels, {{0}, {1}}, Buffer::Place::scratch, lowered_.scratch_bytes});
      lowered_.scratch_bytes += (channels * size_of(DType::f32) + 63) / 64 * 64;
      values.emplace_back(kept.back());
    }
    const View by_part = {{in_part}, {1}};
    Walk w = walk("coefficients", {parts_, channels}, {true, false}, by_part, values);
    w.nest.over_kept(w.k, work(), [&] {
      Exprs totals;
      std::optional<Expr> center;
      if (math_.has_sums()) {
        totals = add_up_parts(w, sums);
        center = center_of(w);
      }
      const Exprs coefficients = coefficients_of(w, totals, center);
      for (size_t i = 0; i < coefficients.size(); ++i) w.store(sums + sum_count + i, coefficients[i]);
    });
    lowered_.kernels.push_back(w.k.finish());
    for (SumOperand& each : kept) each.view = {{0}, {1}, {0}, {0}};
    return kept;
  }

  Exprs add_up_parts(Walk& w, size_t sums) {
    const TileHandle total = w.k.tile("total", DType::f64, w.nest.vector(), {sum_count});
    for (int64_t i = 0; i < sum_count; ++i) total.set({i}, w.k.number(DType::f64, 0, w.nest.vector()));
    w.nest.over_reduced(w.k, [&] {
      for (int64_t i = 0; i < sum_count; ++i) total.set({i}, total(i) + w.load(sums + i));
    });
    return {total(0), total(1)};
  }

  Normalization::Channels channels_of(Walk& w) const {
    return [this, &w](size_t i) { return w.load(slot_of_input(normal_.norm.operands[i])); };
  }

  Expr center_of(Walk& w) const {
    return math_.center(channels_of(w), [&] { return w.load(first_); });
  }

  // Both sums of the present channels in one sweep, with what stands before the norm made on the way.
  Exprs add_up(Walk& w, Expr center) {
    Nest& nest = w.nest;
    const bool vector = nest.vector() || nest.lanes_are_reduced();
    const TileHandle total = w.k.tile("total", DType::f64, vector, {sum_count, chains});
    for (int64_t i = 0; i < sum_count; ++i)
      for (int64_t c = 0; c < chains; ++c) total.set({i, c}, w.k.number(DType::f64, 0, vector));
    nest.over_reduced(w.k, chains, [&] {
      Expressions value = expressions(w, {});
      const Exprs terms = math_.terms(value(normal_.x()), dy_of(value), center);
      for (int64_t i = 0; i < sum_count; ++i) {
        const Expr term = nest.count() ? w.k.first_lanes(terms[i], *nest.count()) : terms[i];
        total.set({i, nest.chain()}, total(i, nest.chain()) + term);
      }
    });
    Exprs sums;
    for (int64_t i = 0; i < sum_count; ++i) {
      const Expr all = (total(i, 0) + total(i, 1)) + (total(i, 2) + total(i, 3));
      sums.push_back(w.k.let("sum", nest.lanes_are_reduced() ? w.k.apply(Op::sum_lanes, {all}) : all));
    }
    return sums;
  }

  std::optional<Expr> dy_of(Expressions& value) const {
    if (normal_.norm.op != OpKind::batch_norm_backward) return std::nullopt;
    return value(normal_.norm.operands[0]);
  }

  Exprs coefficients_of(Walk& w, const Exprs& sums, const std::optional<Expr>& center) const {
    return math_.coefficients(channels_of(w), has_, sums, center, [&](size_t result, const Expr& value) {
      for (size_t r = 0; r < body_.results().size(); ++r)
        if (body_.results()[r].value == normal_.norm.results[result])
          w.store(body_.inputs().size() + r, value);
    });
  }

  // All is read before anything is written: a result may lie in an operand's memory.
  void write_pictures(Walk& w, const Exprs& coefficients) {
    Expressions value = expressions(w, coefficients);
    std::vector<std::pair<size_t, Expr>> made;
    for (size_t r = 0; r < body_.results().size(); ++r)
      if (normal_.is_picture(body_.results()[r].value))
        made.emplace_back(body_.inputs().size() + r, value(body_.results()[r].value));
    for (const auto& [slot, expression] : made) w.store(slot, expression);
  }

  // Values of the body at the present place. The norm's own first result is known once coefficients are.
  Expressions expressions(Walk& w, const Exprs& coefficients) {
    return {w.k, body_, w.nest.vector(), [this, &w, coefficients](ValueId id) -> std::optional<Expr> {
              const size_t slot = slot_of_input(id);
              if (slot < body_.inputs().size()) return w.load(slot);
              if (id != normal_.norm.results[0]) return std::nullopt;
              Expressions value = expressions(w, coefficients);
              return w.k.let("made", math_.made(value(normal_.x()), dy_of(value), coefficients));
            }};
  }

  const Graph& graph_;
  const Node& node_;
  NormalizationBody normal_;
  const Graph& body_;
  std::vector<int64_t> shape_;
  Normalization math_;
  std::function<bool(size_t)> has_;
  std::vector<SumOperand> values_;  ///< by slot: the body's inputs, its results, each channel's first x
  size_t leader_ = 0, first_ = 0;
  int64_t parts_ = 0;
  Lowered lowered_;
};

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) { return Writer(graph, node).lower(); }

// The graph with one node, its pictures in one layout: what an estimate is made of.
Graph in_layout(const Graph& graph, const Node& node, const Shape& pictures, const Layout& layout) {
  Graph one;
  const auto laid = [&](ValueId id) {
    Type type = graph.type(id);
    type.layout = type.shape == pictures ? layout : Layout();
    return type;
  };
  Node copy{node.op, node.attributes, {}, {}};
  for (const ValueId id : node.operands)
    copy.operands.push_back(id.valid() ? one.input(fmt::format("x{}", copy.operands.size()), laid(id)).id()
                                       : ValueId{});
  std::vector<Type> results;
  for (const ValueId id : node.results) results.push_back(laid(id));
  one.append_typed(std::move(copy), results);
  return one;
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node,
                                            std::span<const Layout> offered) {
  const NormalizationBody normal = normalization_body(graph, node);
  const Type x = normal.own.body.type(normal.x());
  if (x.dtype != DType::f32 || element_count(x.shape) == 0) return {};
  std::vector<Layout> layouts = {Layout{}, batch_blocked(4)};
  for (const Layout& layout : offered)
    if (can_view(layout) && layout.order().size() == 4 && std::ranges::find(layouts, layout) == layouts.end())
      layouts.push_back(layout);
  std::vector<Implementation> ways;
  for (const Layout& layout : layouts) {
    const Graph one = in_layout(graph, node, x.shape, layout);
    Implementation way{{}, {}, Writer(one, one.node(0)).seconds()};
    for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
      for (const ValueId id : *ids) {
        const bool picture = id.valid() && graph.type(id).shape == x.shape;
        (ids == &node.operands ? way.operands : way.results).push_back(picture ? layout : Layout());
      }
    ways.push_back(std::move(way));
  }
  return ways;
}

}  // namespace

std::optional<std::string> refuses_batch_norm_body(const Graph& body) { return refuses_normalization(body); }

const Lowering batch_norm_lowering = {implementations, lower};

}  // namespace sinter::jit
