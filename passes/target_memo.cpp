#include "passes/target_memo.h"

#include "ir/signature.h"
#include "ir/text.h"

namespace sinter {
namespace {

// What made an operand, reorders looked through: of the rest of the graph, all that a target may look at.
std::string maker_of(const Graph& graph, ValueId id) {
  const auto is_result = [&] { return id.valid() && graph.info(id).kind == ValueKind::result; };
  while (is_result() && graph.node(graph.info(id).node).op == OpKind::reorder)
    id = graph.node(graph.info(id).node).operands[0];
  if (!is_result()) return {};
  const Node& maker = graph.node(graph.info(id).node);
  return fmt::format("{} {} {}", to_string(maker.op), print(maker.attributes), graph.info(id).result_index);
}

}  // namespace

std::vector<Implementation> TargetMemo::implementations(const Graph& graph, NodeId id,
                                                        std::span<const Layout> offered) const {
  const Node& node = graph.node(id);
  std::string question = signature(graph, node);
  for (const ValueId operand : node.operands) question += "|" + maker_of(graph, operand);
  for (const Layout& layout : offered) question += "/" + layout.tag();
  const auto found = implementations_.find(question);
  if (found != implementations_.end()) return found->second;
  return implementations_[std::move(question)] = target_.implementations(graph, id, offered);
}

double TargetMemo::reorder_seconds(const Type& type, const Layout& to) const {
  return target_.reorder_seconds(type, to);
}

std::optional<std::string> TargetMemo::refuses_fusion(const Graph& body) const {
  const std::string question = signature(body);
  const auto found = refusals_.find(question);
  if (found != refusals_.end()) return found->second;
  return refusals_[question] = target_.refuses_fusion(body);
}

}  // namespace sinter
