#include "passes/fuse_loss.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "ir/copy.h"
#include "ir/op_table.h"
#include "passes/fusion_body.h"
#include "passes/readers.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

class LossFuser {
 public:
  LossFuser(const Graph& graph, const PassOptions& options, const Target& target)
      : graph_(graph), options_(options), target_(target), readers_(graph) {}

  /// Whether anything was fused.
  bool run() {
    for (NodeId id = 0; id < node_count(); ++id)
      if (graph_.node(id).op == OpKind::softmax_cross_entropy_backward) find_loss(id);
    return !fused_.empty();
  }

  /// Each fusion is where its loss was.
  Graph rewritten() const {
    GraphCopy copy(graph_, {}, [this](ValueId constant) { return is_read_still(constant); });
    for (NodeId id = 0; id < node_count(); ++id) {
      const auto found = fused_.find(id);
      if (found != fused_.end())
        copy.node(found->second);
      else if (!is_gone(id))
        copy.node(graph_.node(id));
    }
    return copy.finish();
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }
  bool is_gone(NodeId id) const { return std::ranges::count(gone_, id) > 0; }

  void find_loss(NodeId gradient) {
    const auto& of = graph_.node(gradient).operands;
    for (const NodeId id : readers_.of(of[0])) {
      const Node& loss = graph_.node(id);
      if (loss.op != OpKind::softmax_cross_entropy || loss.operands[0] != of[0] ||
          loss.operands[1] != of[1] || fused_.contains(id) || id > gradient)
        continue;
      const auto why_not = join(id, gradient);
      if (!why_not) return;
      if (options_.remarks)
        options_.remarks->push_back({"fuse_loss", loss.source,
                                     fmt::format("{} + {} is not fused: {}", to_string(loss.op),
                                                 to_string(graph_.node(gradient).op), *why_not),
                                     loss.op});
    }
  }

  // What speaks against it; nothing: they are one now.
  std::optional<std::string> join(NodeId id, NodeId gradient_id) {
    const Node &loss = graph_.node(id), &gradient = graph_.node(gradient_id);
    const ValueInfo& scale = graph_.info(gradient.operands[2]);
    if (scale.kind != ValueKind::constant || !scale.type.shape.empty())
      return "the gradient of the loss may be made from it";
    if (loss.attributes.word("reduction") != gradient.attributes.word("reduction") ||
        loss.attributes.real("label_smoothing") != gradient.attributes.real("label_smoothing"))
      return "the gradient is of another loss";
    const std::array<NodeId, 2> parts = {id, gradient_id};
    const std::vector<ValueId> results = {loss.results[0], gradient.results[0]};
    const FusionBody fusion = make_fusion_body(graph_, parts, results);
    if (auto why_not = target_.refuses_fusion(*fusion.body)) return why_not;
    if (fusion_seconds(target_, *fusion.body) > seconds_apart(target_, graph_, parts))
      return std::string(quicker_apart);
    fused_.emplace(id, Node{OpKind::fusion, Attributes(OpKind::fusion, {{"body", fusion.body}}),
                            fusion.operands, results, loss.source});
    gone_.push_back(gradient_id);
    return std::nullopt;
  }

  // Bodies have scalar constants of their own.
  bool is_read_still(ValueId constant) const {
    const auto& readers = readers_.of(constant);
    return readers_.is_result(constant) || readers.empty() ||
           !std::ranges::all_of(readers, [&](NodeId reader) { return is_gone(reader); });
  }

  const Graph& graph_;
  const PassOptions& options_;
  const Target& target_;
  Readers readers_;
  std::map<NodeId, Node> fused_;  ///< by the loss
  std::vector<NodeId> gone_;      ///< their gradients
};

}  // namespace

bool fuse_loss(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("fuse_loss asks a backend what it can fuse; there is none");
  const TargetMemo target(*options.target);
  LossFuser fuser(graph, options, target);
  if (!fuser.run()) return false;
  graph = fuser.rewritten();
  return true;
}

}  // namespace sinter
