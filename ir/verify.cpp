#include "ir/verify.h"

#include <algorithm>
#include <set>

#include "ir/slab_loop.h"
#include "ir/text.h"

namespace sinter {
namespace {

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph) {}

  std::vector<Diagnostic> run() {
    for (size_t i = 0; i < graph_.values().size(); ++i) check_value(graph_.values()[i]);
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id) check_node(id);
    check_results();
    return std::move(found_);
  }

 private:
  template <typename... Args>
  void report(std::string node, fmt::format_string<Args...> format, Args&&... args) {
    found_.push_back({std::move(node), fmt::format(format, std::forward<Args>(args)...)});
  }

  std::string describe(NodeId id) const {
    const Node& node = graph_.node(id);
    std::string text = fmt::format("node {} ({}", id, to_string(node.op));
    if (!node.source.empty()) text += fmt::format(", \"{}\"", node.source);
    return text + ")";
  }

  bool exists(ValueId id) const {
    return id.valid() && id.index < static_cast<int32_t>(graph_.values().size());
  }

  void check_value(const ValueInfo& info) {
    const Layout& layout = info.type.layout;
    if (!layout.is_plain() && !layout.is_opaque() && layout.order().size() != info.type.shape.size())
      report("", "layout {} on a value of {} dimensions", layout.tag(), info.type.shape.size());
    if (info.kind == ValueKind::constant && info.constant.type() != info.type)
      report("", "a constant of type {} is declared {}", to_string(info.constant.type()),
             to_string(info.type));
  }

  bool operands_stand_before(NodeId id) {
    for (const ValueId operand : graph_.node(id).operands) {
      if (!operand.valid()) continue;
      if (!exists(operand)) return report(describe(id), "operand %{} does not exist", operand.index), false;
      const ValueInfo& info = graph_.info(operand);
      if (info.kind == ValueKind::result && info.node >= id)
        return report(describe(id), "reads the result of node {} before it is computed", info.node), false;
    }
    return true;
  }

  void check_node(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.attributes.kind() != node.op) return report(describe(id), "has the attributes of another op");
    for (const AttributeValue& value : node.attributes.values())
      if (const Body* body = std::get_if<Body>(&value); body != nullptr && *body != nullptr)
        for (const Diagnostic& inner : verify(**body))
          report(describe(id), "body: {} {}", inner.node, inner.message);
    if (operands_stand_before(id)) check_types(id);
  }

  void check_types(NodeId id) {
    const Node& node = graph_.node(id);
    std::vector<std::optional<Type>> operands;
    for (const ValueId operand : node.operands)
      operands.push_back(operand.valid() ? std::optional(graph_.type(operand)) : std::nullopt);
    try {
      const auto inferred = infer_types(node.op, node.attributes, operands);
      if (inferred.size() != node.results.size())
        return report(describe(id), "has {} results, its op gives {}", node.results.size(), inferred.size());
      for (size_t i = 0; i < inferred.size(); ++i) {
        const Type& stored = graph_.type(node.results[i]);
        if (stored.dtype != inferred[i].dtype || stored.shape != inferred[i].shape)
          report(describe(id), "result {} is declared {}, its op gives {}", i, to_string(stored),
                 to_string(inferred[i]));
      }
      if (node.op == OpKind::slab_loop) check_slices(id);
    } catch (const InputError& error) {
      report(describe(id), "{}", error.what());
    }
  }

  // Slices are runs of memory, and parts lie as the whole does.
  void check_slices(NodeId id) {
    const Node& node = graph_.node(id);
    const SlabLoop loop(node.attributes, operand_types(graph_, node));
    const auto check = [&](std::string_view what, size_t i, ValueId whole, const Layout& part,
                           bool per_slab) {
      const Layout& layout = graph_.type(whole).layout;
      if (layout != part)
        report(describe(id), "{} {} lies as {}; the body says {}", what, i, tag_of(layout), tag_of(part));
      else if (per_slab && !layout.cuts_into(loop.slab))
        report(describe(id), "{} {} lies as {} and cannot be cut into slabs of {}", what, i, tag_of(layout),
               loop.slab);
    };
    for (const Graph* body : {loop.body, loop.remainder}) {
      if (body == nullptr) continue;
      for (size_t i = 0; i < node.operands.size(); ++i)
        check("operand", i, node.operands[i], body->type(body->inputs()[i]).layout, loop.sliced[i]);
      for (size_t i = 0; i < node.results.size(); ++i) {
        const Layout& part = body->type(body->results()[i].value).layout;
        if (loop.accumulated[i] && part.is_opaque())
          report(describe(id), "result {} is opaque and cannot be added up", i);
        else
          check("result", i, node.results[i], loop.accumulated[i] ? part.stacked() : part,
                !loop.accumulated[i]);
      }
    }
  }

  static std::string tag_of(const Layout& layout) { return layout.is_plain() ? "plain" : layout.tag(); }

  void check_results() {
    std::set<ValueId> stored;
    for (const GraphResult& result : graph_.results()) {
      if (!exists(result.value)) {
        report("", "a result that does not exist");
        continue;
      }
      if (!result.stored_in.valid()) continue;
      if (!exists(result.stored_in)) {
        report("", "a result is stored into something that does not exist");
        continue;
      }
      const ValueInfo& target = graph_.info(result.stored_in);
      if (target.kind != ValueKind::parameter && target.kind != ValueKind::state)
        report("", "a result is stored into something that is neither parameter nor state");
      else if (target.type != graph_.type(result.value))
        report("", "a result of type {} is stored into %{} of type {}", to_string(graph_.type(result.value)),
               target.name, to_string(target.type));
      if (!stored.insert(result.stored_in).second) report("", "two results are stored into %{}", target.name);
    }
  }

  const Graph& graph_;
  std::vector<Diagnostic> found_;
};

}  // namespace

std::vector<Diagnostic> verify(const Graph& graph) { return Verifier(graph).run(); }

void verify_or_fail(const Graph& graph, std::string_view what) {
  const auto found = verify(graph);
  if (found.empty()) return;
  std::string list;
  for (const Diagnostic& diagnostic : found)
    list +=
        fmt::format("\n  {}{}{}", diagnostic.node, diagnostic.node.empty() ? "" : ": ", diagnostic.message);
  fail_input("{}: graph \"{}\" is not valid:{}", what, graph.name, list);
}

}  // namespace sinter
