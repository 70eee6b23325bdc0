#include "passes/fuse_updates.h"

#include <algorithm>
#include <map>
#include <optional>

#include "ir/copy.h"
#include "passes/fusion_body.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

class Updates {
 public:
  Updates(const Graph& graph, const Target& target, std::vector<Remark>* remarks)
      : graph_(graph), target_(target), remarks_(remarks), uses_(graph.values().size()) {
    for (const Node& node : graph.nodes())
      for (const ValueId operand : node.operands)
        if (operand.valid()) ++uses_[operand.index];
    for (const GraphResult& result : graph.results()) ++uses_[result.value.index];
  }

  /// Whether anything was fused.
  bool run() {
    for (NodeId id = 0; id < node_count(); ++id)
      if (op_def(graph_.node(id).op).updates) join(id);
    return !fused_.empty();
  }

  Graph rewritten() const {
    GraphCopy copy(graph_);
    for (NodeId id = 0; id < node_count(); ++id) {
      const auto found = fused_.find(id);
      if (found != fused_.end())
        copy.node(fused_node(graph_.node(id), found->second));  // where the update was
      else if (std::ranges::count(gone_, id) == 0)
        copy.node(graph_.node(id));
    }
    return copy.finish();
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  // The node that makes a value which is used only once.
  std::optional<NodeId> maker_for_one(ValueId value) const {
    const NodeId made_by = graph_.info(value).node;
    return made_by >= 0 && uses_[value.index] == 1 ? std::optional(made_by) : std::nullopt;
  }

  bool is_number(ValueId value) const {
    return graph_.info(value).kind == ValueKind::constant && graph_.type(value).shape.empty();
  }

  // What a product with a number scales; invalid: it is none.
  ValueId scaled_by_number(const Node& node) const {
    if (node.op != OpKind::mul) return {};
    if (is_number(node.operands[1])) return node.operands[0];
    return is_number(node.operands[0]) ? node.operands[1] : ValueId{};
  }

  bool sums_lanes(const Node& node, ValueId parameter) const {
    if (node.op != OpKind::sum || node.attributes.ints("axes") != Ints{0} ||
        node.attributes.boolean("keepdims"))
      return false;
    const Layout& layout = graph_.type(parameter).layout;
    return !layout.is_opaque() && graph_.type(node.operands[0]).layout == layout.stacked();
  }

  bool is_product(const Node& node, ValueId parameter) const {
    return node.op == OpKind::matmul && graph_.type(node.results[0]) == graph_.type(parameter);
  }

  // What makes the gradient, what scales it if there is something, and the update; empty: it is made
  // otherwise.
  std::vector<NodeId> find_parts(NodeId update) const {
    const Node& node = graph_.node(update);
    std::vector<NodeId> parts = {update};
    auto made_by = maker_for_one(node.operands[1]);
    if (!made_by) return {};
    if (const ValueId scaled = scaled_by_number(graph_.node(*made_by)); scaled.valid()) {
      parts.insert(parts.begin(), *made_by);
      made_by = maker_for_one(scaled);
    }
    if (!made_by) return {};
    const Node& maker = graph_.node(*made_by);
    if (!sums_lanes(maker, node.operands[0]) && !is_product(maker, node.operands[0])) return {};
    parts.insert(parts.begin(), *made_by);
    return parts;
  }

  void join(NodeId update) {
    const std::vector<NodeId> parts = find_parts(update);
    if (parts.empty()) return;
    FusionBody fusion = make_fusion_body(graph_, parts, graph_.node(update).results);
    if (const auto why_not = refuses(update, parts, fusion)) return remark(parts[0], *fusion.body, *why_not);
    gone_.insert(gone_.end(), parts.begin(), parts.end() - 1);
    fused_.emplace(update, std::move(fusion));
  }

  std::optional<std::string> refuses(NodeId update, const std::vector<NodeId>& parts,
                                     const FusionBody& fusion) const {
    if (auto why_not = target_.refuses_fusion(*fusion.body)) return why_not;
    const auto together = expected_seconds(target_, graph_, fused_node(graph_.node(update), fusion));
    if (!together) return "it does not run in these layouts";
    double apart = 0;
    for (const NodeId part : parts)
      apart += expected_seconds(target_, graph_, graph_.node(part)).value_or(*together);
    if (*together > apart) return std::string(quicker_apart);
    return std::nullopt;
  }

  // Sums over samples that no loop made are no lanes that somebody hoped for.
  void remark(NodeId maker, const Graph& body, std::string_view why) const {
    const Node& node = graph_.node(maker);
    const NodeId lanes = graph_.info(node.operands[0]).node;
    if (remarks_ == nullptr ||
        (node.op == OpKind::sum && (lanes < 0 || graph_.node(lanes).op != OpKind::slab_loop)))
      return;
    remarks_->push_back(
        {"fuse_updates", node.source, fmt::format("{} is not fused: {}", ops_of(body), why), node.op});
  }

  static Node fused_node(const Node& update, const FusionBody& fusion) {
    return {OpKind::fusion, Attributes(OpKind::fusion, {{"body", fusion.body}}), fusion.operands,
            update.results, update.source};
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<Remark>* remarks_;
  std::vector<int> uses_;               ///< by value: how often it is read or a result
  std::map<NodeId, FusionBody> fused_;  ///< by update
  std::vector<NodeId> gone_;
};

}  // namespace

bool fuse_updates(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("fuse_updates asks a backend what it can fuse; there is none");
  const TargetMemo target(*options.target);
  Updates sums(graph, target, options.remarks);
  if (!sums.run()) return false;
  graph = sums.rewritten();
  return true;
}

}  // namespace sinter
