#include "passes/fuse_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "ir/copy.h"
#include "ir/op_table.h"
#include "passes/fusion_body.h"
#include "passes/remade_node.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

constexpr size_t normalized = 0, mean = 1, variance = 2;  // results of batch_norm_training

/// A batch norm of the graph, perhaps with what is fused with it, by values of the graph.
struct Norm {
  const Node* op;                ///< batch_norm_training, of the graph or of the fusion's body
  ValueId x, result;             ///< `result`: what is made of the normalised values
  std::array<ValueId, 2> found;  ///< mean, variance
};

class Fuser {
 public:
  Fuser(const Graph& graph, const Target& target, std::vector<Remark>* remarks)
      : graph_(graph), target_(target), remarks_(remarks) {}

  /// Whether anything was fused.
  bool run() {
    for (NodeId id = 0; id < node_count(); ++id)
      if (const Node* op = norm_in(graph_.node(id))) join(id, *op);
    return !replaced_.empty();
  }

  Graph rewritten() const {
    GraphCopy copy(graph_);
    for (NodeId id = 0; id < node_count(); ++id) {
      const auto found = replaced_.find(id);
      copy.node(found != replaced_.end() ? found->second : graph_.node(id));
    }
    return copy.finish();
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  static const Node* find(const Node& node, OpKind op) {
    if (node.op == op) return &node;
    if (node.op != OpKind::fusion) return nullptr;
    const auto& nodes = node.attributes.body().nodes();
    const auto found = std::ranges::find(nodes, op, &Node::op);
    return found == nodes.end() ? nullptr : &*found;
  }
  static const Node* norm_in(const Node& node) { return find(node, OpKind::batch_norm_training); }

  void join(NodeId id, const Node& op) {
    const std::optional<Norm> norm = norm_of(id, op);
    if (!norm) return;
    const NodeId maker = graph_.info(norm->x).node;
    if (maker < 0 || !find(graph_.node(maker), OpKind::conv2d)) return;
    std::optional<std::string> why_not;
    const auto given = remade(graph_, norm->result);
    if (replaced_.contains(maker))
      why_not = "it has those of another norm";
    else if (!given)
      why_not = "the norm makes more than one value";
    if (why_not) return remark(maker, *why_not);
    const Node fused = with_statistics(maker, *norm);
    if (const auto why = refuses({fused, *given}, {maker, id})) return remark(maker, *why);
    replaced_.emplace(maker, fused);
    replaced_.emplace(id, *given);
  }

  // Nothing: the statistics are read by nobody outside of a fusion, or what is normalised is made there.
  std::optional<Norm> norm_of(NodeId id, const Node& op) const {
    const Node& node = graph_.node(id);
    if (&op == &node)
      return Norm{
          &op, node.operands[0], node.results[normalized], {node.results[mean], node.results[variance]}};
    const Graph& body = node.attributes.body();
    const auto outside = [](const auto& inner, const std::vector<ValueId>& outer, const auto& of,
                            ValueId value) {
      const auto found = std::ranges::find(inner, value, of);
      return found == inner.end() ? ValueId{} : outer[found - inner.begin()];
    };
    const auto result = [&](ValueId value) {
      return outside(body.results(), node.results, &GraphResult::value, value);
    };
    Norm norm{&op,
              outside(body.inputs(), node.operands, std::identity(), op.operands[0]),
              {},
              {result(op.results[mean]), result(op.results[variance])}};
    for (const ValueId each : node.results)
      if (std::ranges::find(norm.found, each) == norm.found.end()) norm.result = each;
    const bool is_whole =
        norm.x.valid() && norm.result.valid() && norm.found[0].valid() && norm.found[1].valid();
    return is_whole ? std::optional(norm) : std::nullopt;
  }

  // What makes x, with a norm behind it of which nothing but the statistics is kept.
  Node with_statistics(NodeId maker, const Norm& norm) const {
    const Node& node = graph_.node(maker);
    const FusionBody fusion = make_fusion_body(graph_, std::array{maker}, node.results);
    const auto place = std::ranges::find(node.results, norm.x) - node.results.begin();
    GraphCopy copy(*fusion.body);
    for (const Node& each : fusion.body->nodes()) copy.node(each);
    copy.graph().at({.node = norm.op->source});
    const std::array<std::optional<Value>, 1> x = {copy[fusion.body->results()[place].value]};
    const auto found = copy.graph().append(OpKind::batch_norm_training, x, norm.op->attributes);
    for (const GraphResult& result : fusion.body->results()) copy.graph().add_result(copy[result.value]);
    for (const size_t i : {mean, variance}) copy.graph().add_result(found[i]);
    Node fused{OpKind::fusion,
               Attributes(OpKind::fusion, {{"body", std::make_shared<const Graph>(copy.take())}}),
               fusion.operands, node.results, node.source};
    fused.results.insert(fused.results.end(), norm.found.begin(), norm.found.end());
    return fused;
  }

  std::optional<std::string> refuses(const std::array<Node, 2>& after,
                                     const std::array<NodeId, 2>& before) const {
    if (auto why_not = target_.refuses_fusion(after[0].attributes.body())) return why_not;
    double together = 0, apart = 0;
    for (const Node& node : after) {
      const auto seconds = expected_seconds(target_, graph_, node);
      if (!seconds) return "it does not run in these layouts";
      together += *seconds;
    }
    for (const NodeId id : before)
      apart += expected_seconds(target_, graph_, graph_.node(id)).value_or(together);
    if (together > apart) return quicker_apart_by(apart, together);
    return std::nullopt;
  }

  void remark(NodeId maker, std::string_view why) const {
    if (remarks_ == nullptr) return;
    const Node& node = graph_.node(maker);
    remarks_->push_back({"fuse_statistics", node.source,
                         fmt::format("{} does not make the batch norm's statistics: {}",
                                     node.op == OpKind::fusion ? ops_of(node.attributes.body())
                                                               : std::string(to_string(node.op)),
                                     why),
                         node.op});
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<Remark>* remarks_;
  std::map<NodeId, Node> replaced_;
};

}  // namespace

bool fuse_statistics(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("fuse_statistics asks a backend what it can fuse; there is none");
  const TargetMemo target(*options.target);
  Fuser fuser(graph, target, options.remarks);
  if (!fuser.run()) return false;
  graph = fuser.rewritten();
  return true;
}

}  // namespace sinter
