#include "passes/fusion_body.h"

#include <algorithm>
#include <limits>
#include <map>

#include "ir/op_table.h"

namespace sinter {
namespace {

std::string input_name(size_t index) {
  return index < 26 ? std::string(1, static_cast<char>('a' + index)) : fmt::format("x{}", index);
}

// Layouts are the fusion's, not its body's.
Type plain(const Type& type) { return {type.dtype, type.shape, {}}; }

class BodyMaker {
 public:
  explicit BodyMaker(const Graph& graph) : graph_(graph) {}

  void add(const Node& node) {
    for (const ValueId operand : node.operands)
      if (operand.valid() && !map_.contains(operand)) take(operand);
    if (node.op == OpKind::fusion)
      inline_body(node);
    else if (node.op == OpKind::reorder)  // in a body all is plain
      map_[node.results[0]] = map_.at(node.operands[0]);
    else
      append(graph_, node, map_);
  }

  FusionBody finish(std::span<const ValueId> results) {
    for (const ValueId result : results) body_.add_result(body_.value(map_.at(result)));
    return {std::make_shared<const Graph>(std::move(body_)), std::move(operands_)};
  }

 private:
  using Map = std::map<ValueId, ValueId>;  ///< from a graph's values to the body's

  void take(ValueId operand) {
    const ValueInfo& info = graph_.info(operand);
    if (info.kind == ValueKind::constant && info.type.shape.empty()) {
      map_[operand] = body_.constant(info.constant).id();
      return;
    }
    operands_.push_back(operand);
    map_[operand] = body_.input(input_name(operands_.size() - 1), plain(info.type)).id();
  }

  void append(const Graph& from, Node node, Map& map) {
    for (ValueId& operand : node.operands)
      if (operand.valid()) operand = map.at(operand);
    std::vector<Type> types;
    for (const ValueId result : node.results) types.push_back(plain(from.type(result)));
    const auto old = node.results;
    const auto results = body_.append_typed(std::move(node), types);
    for (size_t i = 0; i < results.size(); ++i) map[old[i]] = results[i].id();
  }

  void inline_body(const Node& fusion) {
    const Graph& inner = fusion.attributes.body();
    Map map;
    for (size_t i = 0; i < inner.inputs().size(); ++i) map[inner.inputs()[i]] = map_.at(fusion.operands[i]);
    for (const ValueId constant : inner.constants())
      map[constant] = body_.constant(inner.info(constant).constant).id();
    for (const Node& node : inner.nodes()) append(inner, node, map);
    for (size_t i = 0; i < fusion.results.size(); ++i)
      map_[fusion.results[i]] = map.at(inner.results()[i].value);
  }

  const Graph& graph_;
  Graph body_;
  std::vector<ValueId> operands_;
  Map map_;
};

}  // namespace

FusionBody make_fusion_body(const Graph& graph, std::span<const NodeId> nodes,
                            std::span<const ValueId> results) {
  BodyMaker maker(graph);
  for (const NodeId id : nodes) maker.add(graph.node(id));
  return maker.finish(results);
}

std::string quicker_apart_by(double apart, double together) {
  const auto microseconds = [](double seconds) {
    return seconds < 1e-3 ? fmt::format("{:.3g}", 1e6 * seconds) : fmt::format("{:.0f}", 1e6 * seconds);
  };
  return fmt::format("{}: {} us, together {}", quicker_apart, microseconds(apart), microseconds(together));
}

std::string why_apart(const Readers& readers, ValueId made, bool taken) {
  const size_t count = readers.of(made).size();
  if (count > 1 || readers.is_result(made))
    return fmt::format("its result is read by {} node{}{}", count, count == 1 ? "" : "s",
                       readers.is_result(made) ? " and is a result of the graph" : "");
  return taken ? "that is fused with another already"
               : "not all operands of that have the shape of its result";
}

std::string ops_of(const Graph& body) {
  std::string ops;
  for (const Node& node : body.nodes())
    ops += fmt::format("{}{}", ops.empty() ? "" : " + ", to_string(node.op));
  return ops;
}

double least_seconds(const Target& target, const Graph& graph, NodeId id) {
  double least = std::numeric_limits<double>::infinity();
  for (const Implementation& way : target.implementations(graph, id)) least = std::min(least, way.seconds);
  return least;
}

double seconds_apart(const Target& target, const Graph& graph, std::span<const NodeId> nodes) {
  double sum = 0;
  for (const NodeId id : nodes) sum += least_seconds(target, graph, id);
  return sum;
}

double fusion_seconds(const Target& target, const Graph& body) {
  Graph alone;
  std::vector<std::optional<Value>> operands;
  for (const ValueId input : body.inputs())
    operands.emplace_back(alone.input(fmt::format("x{}", operands.size()), body.type(input)));
  alone.append(OpKind::fusion, operands,
               Attributes(OpKind::fusion, {{"body", std::make_shared<const Graph>(body)}}));
  return least_seconds(target, alone, 0);
}

}  // namespace sinter
