#include "cli/node_labels.h"

#include <algorithm>
#include <array>

#include "ir/text_attributes.h"

namespace sinter::cli {
namespace {

constexpr std::string_view stored_colour =
    "#8a3b8f";  // parameters and states, where they are read and written

const Graph* body_of(const Node& node) {
  for (const AttributeValue& value : node.attributes.values())
    if (const Body* body = std::get_if<Body>(&value)) return body->get();
  return nullptr;
}

std::string scalar_text(const Tensor& tensor) {
  if (!has_reference_arithmetic(tensor.dtype())) return std::string(to_string(tensor.dtype()));
  return dispatch_numeric(tensor.dtype(), [&]<typename T>() {
    if constexpr (std::is_same_v<T, bool>) return std::string(tensor.values<T>()[0] ? "true" : "false");
    if constexpr (std::is_integral_v<T>) return std::to_string(static_cast<int64_t>(tensor.values<T>()[0]));
    return fmt::format("{}", tensor.values<T>()[0]);
  });
}

// What differs from the op's defaults, such as `stride = [2, 2]`; a body has lines of its own.
std::vector<std::string> given_attributes(const Attributes& attributes) {
  const OpDef& op = op_def(attributes.kind());
  std::vector<std::string> items;
  for (size_t i = 0; i < op.attributes.size(); ++i) {
    const AttributeDef& def = op.attributes[i];
    const AttributeValue& value = attributes.values()[i];
    if (def.kind == AttrKind::body) continue;
    if (!def.fallback.empty() && value == parse_attribute(def, def.fallback)) continue;
    items.push_back(fmt::format("{} = {}", def.name, print_attribute(value)));
  }
  return items;
}

// What an operand is to its reader: its name in the op table, or that of the body's input.
std::string operand_name(const Node& node, size_t i) {
  if (const Graph* body = body_of(node); body != nullptr && i < body->inputs().size())
    return short_name(body->info(body->inputs()[i]).name);
  const auto& operands = op_def(node.op).operands;
  return std::string(operands[std::min(i, operands.size() - 1)].name);
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

}  // namespace

NodeLabels::NodeLabels(const GraphWiring& wiring) : wiring_(wiring) {
  int last_number = 0;
  names_ = names(wiring.graph(), last_number);
}

NodeLabels::Names NodeLabels::names(const Graph& graph, int& last_number) {
  Names names{std::vector<std::string>(graph.values().size()), {}};
  const auto number = [&](ValueId id) { names.values[id.index] = fmt::format("%{}", ++last_number); };
  for (const auto& named : {graph.inputs(), graph.parameters(), graph.states()})
    for (const ValueId id : named) names.values[id.index] = short_name(graph.info(id).name);
  for (const ValueId id : graph.constants()) {
    number(id);
    if (graph.type(id).shape.empty()) names.values[id.index] = scalar_text(graph.info(id).constant);
  }
  for (size_t id = 0; id < graph.nodes().size(); ++id) {
    const Node& node = graph.nodes()[id];
    for (const ValueId result : node.results) number(result);
    if (const Graph* body = body_of(node))
      names.bodies[static_cast<NodeId>(id)] = NodeLabels::names(*body, last_number);
    // The remainder of a loop is not drawn; its numbers count.
    if (node.op == OpKind::slab_loop)
      if (const Graph* remainder = node.attributes.optional_graph("remainder"))
        NodeLabels::names(*remainder, last_number);
  }
  return names;
}

std::string NodeLabels::node(NodeId id) const {
  const Node& node = wiring_.graph().node(id);
  BoxText text;
  // Spaces stand at the ends of runs: some viewers drop those that a run begins with.
  text.bold(fmt::format("{}{}", to_string(node.op), node.source.empty() ? "" : " "));
  if (!node.source.empty()) text.grey("@ " + short_name(node.source));
  text.end();
  results(node, text);
  text.grey_list(given_attributes(node.attributes));
  operands(id, text);
  if (const Graph* graph = body_of(node)) body(*graph, names_.bodies.at(id), "", text);
  return text.label();
}

void NodeLabels::results(const Node& node, BoxText& text) const {
  const Graph& graph = wiring_.graph();
  for (const ValueId value : node.results) {
    text.grey(name(value) + " ").plain(short_type(graph.type(value))).end();
    for (const GraphResult& result : graph.results())
      if (result.value == value && result.stored_in.valid())
        text.coloured("into " + name(result.stored_in), stored_colour).end();
  }
}

// Parameters and states with their types, one a line; then the others in words, and the order of several
// edges.
void NodeLabels::operands(NodeId id, BoxText& text) const {
  const Graph& graph = wiring_.graph();
  const Node& node = graph.node(id);
  const auto is_edge = [&](ValueId value) { return value.valid() && wiring_.is_edge(value, id); };
  const bool ordered = std::ranges::count_if(node.operands, is_edge) > 1 && !op_def(node.op).commutative;
  std::vector<std::string> others;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    const ValueId operand = node.operands[i];
    if (!operand.valid()) continue;
    const ValueInfo& info = graph.info(operand);
    const std::string role = operand_name(node, i);
    const bool one_of_several = info.node >= 0 && graph.node(info.node).results.size() > 1;
    if (is_edge(operand) && !ordered && !one_of_several) continue;
    const bool stored = info.kind == ValueKind::parameter || info.kind == ValueKind::state;
    if (stored && !is_edge(operand)) {
      const bool written = std::ranges::any_of(graph.results(), [&](const GraphResult& result) {
        return result.stored_in == operand && graph.info(result.value).node == id;
      });
      if (!written)
        text.grey(role + " ").coloured(name(operand) + " ", stored_colour).plain(short_type(info.type)).end();
    } else if (info.kind == ValueKind::constant && !is_edge(operand) && !info.type.shape.empty()) {
      others.push_back(fmt::format("{} = constant {}", role, short_type(info.type)));
    } else {
      others.push_back(fmt::format("{} = {}", role, name(operand)));
    }
  }
  text.grey_list(others);
}

void NodeLabels::body(const Graph& graph, const Names& names, const std::string& indent, BoxText& text) {
  std::string last_type;
  for (size_t id = 0; id < graph.nodes().size(); ++id) {
    const Node& node = graph.nodes()[id];
    std::vector<std::string> operands, results, types;
    for (const ValueId value : node.operands)
      operands.push_back(value.valid() ? names.values[value.index] : "_");
    for (const ValueId value : node.results) results.push_back(names.values[value.index]);
    for (const ValueId value : node.results) types.push_back(short_type(graph.type(value)));
    if (!indent.empty()) text.plain(indent);  // a run of its own: see node()
    text.grey(joined(results, ", ") + " ").bold(to_string(node.op));
    const std::string type = joined(types, ", ");
    text.grey(fmt::format("({}){}", joined(operands, ", "), type == last_type ? "" : " "));
    if (type != last_type) text.plain(type);
    text.end();
    last_type = type;
    text.grey_list(given_attributes(node.attributes));
    if (const Graph* inner = body_of(node))
      body(*inner, names.bodies.at(static_cast<NodeId>(id)), indent + "  ", text);
  }
}

std::string NodeLabels::value(ValueId id) const {
  const ValueInfo& info = wiring_.graph().info(id);
  static constexpr std::array<std::string_view, 4> kinds = {"input", "parameter", "state", "constant"};
  BoxText text;
  text.grey(fmt::format("{} ", kinds.at(static_cast<size_t>(info.kind)))).bold(name(id)).end();
  return text.plain(short_type(info.type)).end().label();
}

std::string NodeLabels::result(size_t index) const {
  const Graph& graph = wiring_.graph();
  const GraphResult& result = graph.results()[index];
  BoxText text;
  text.grey(result.name.empty() ? "result" : "result ");
  if (!result.name.empty()) text.bold(short_name(result.name));
  text.end();
  if (result.stored_in.valid()) text.coloured("into " + name(result.stored_in), stored_colour).end();
  if (!wiring_.has_box(result.value)) text.plain(name(result.value)).end();
  return text.label();
}

}  // namespace sinter::cli
