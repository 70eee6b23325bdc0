#include "passes/fuse_lane_sums.h"

#include <algorithm>
#include <map>
#include <optional>

#include "ir/copy.h"
#include "passes/fusion_body.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

class LaneSums {
 public:
  LaneSums(const Graph& graph, const Target& target, std::vector<Remark>* remarks)
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
        put(copy, graph_.node(id), found->second);
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

  // The sum, the product if there is one, and the update; empty: the gradient is made otherwise.
  std::vector<NodeId> find_parts(NodeId update) const {
    const Node& node = graph_.node(update);
    std::vector<NodeId> parts = {update};
    auto made_by = maker_for_one(node.operands[1]);
    if (!made_by) return {};
    if (const ValueId sum = scaled_by_number(graph_.node(*made_by)); sum.valid()) {
      parts.insert(parts.begin(), *made_by);
      made_by = maker_for_one(sum);
    }
    if (!made_by || !sums_lanes(graph_.node(*made_by), node.operands[0])) return {};
    parts.insert(parts.begin(), *made_by);
    return parts;
  }

  void join(NodeId update) {
    const std::vector<NodeId> parts = find_parts(update);
    if (parts.empty()) return;
    FusionBody fusion = make_fusion_body(graph_, parts, graph_.node(update).results);
    auto why_not = target_.refuses_fusion(*fusion.body);
    double apart = 0;
    for (const NodeId part : parts) apart += least_seconds(target_, graph_, part);
    if (!why_not && fusion_seconds(target_, *fusion.body) > apart) why_not = quicker_apart;
    if (why_not) return remark(parts[0], *fusion.body, *why_not);
    gone_.insert(gone_.end(), parts.begin(), parts.end() - 1);
    fused_.emplace(update, std::move(fusion));
  }

  void remark(NodeId sum, const Graph& body, std::string_view why) const {
    if (remarks_)
      remarks_->push_back({"fuse_lane_sums", graph_.node(sum).source,
                           fmt::format("{} is not fused: {}", ops_of(body), why), OpKind::sum});
  }

  // Where the update was, with its results in their layouts.
  void put(GraphCopy& copy, const Node& update, const FusionBody& fusion) const {
    Node node{OpKind::fusion, Attributes(OpKind::fusion, {{"body", fusion.body}}), {}, {}, update.source};
    for (const ValueId operand : fusion.operands) node.operands.push_back(copy[operand].id());
    std::vector<Type> types;
    for (const ValueId result : update.results) types.push_back(graph_.type(result));
    const auto results = copy.graph().append_typed(std::move(node), types);
    for (size_t i = 0; i < results.size(); ++i) copy.replace(update.results[i], results[i]);
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<Remark>* remarks_;
  std::vector<int> uses_;               ///< by value: how often it is read or a result
  std::map<NodeId, FusionBody> fused_;  ///< by update
  std::vector<NodeId> gone_;
};

}  // namespace

bool fuse_lane_sums(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("fuse_lane_sums asks a backend what it can fuse; there is none");
  const TargetMemo target(*options.target);
  LaneSums sums(graph, target, options.remarks);
  if (!sums.run()) return false;
  graph = sums.rewritten();
  return true;
}

}  // namespace sinter
