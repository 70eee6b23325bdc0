#include "passes/fuse_conv_activation_pool.h"

#include <algorithm>
#include <map>

#include "ir/copy.h"
#include "ir/op_table.h"
#include "passes/fusion_body.h"
#include "passes/readers.h"
#include "passes/target_memo.h"
#include "passes/whole_slab_target.h"

namespace sinter {
namespace {

bool is_pool(OpKind op) {
  return op == OpKind::max_pool2d || op == OpKind::max_pool2d_argmax || op == OpKind::avg_pool2d;
}

// A function of each element of one value, such as relu or clip.
bool is_activation(const Graph& graph, const Node& node) {
  return op_def(node.op).elementwise != Elementwise::no && node.operands.size() == 1 &&
         graph.type(node.operands[0]) == graph.type(node.results[0]);
}

bool is_gradient(OpKind op) {
  return op == OpKind::conv2d_backward_weights || op == OpKind::conv2d_backward_data;
}

bool is_pool_gradient(OpKind op) {
  return op == OpKind::max_pool2d_backward || op == OpKind::avg_pool2d_backward;
}

template <typename Is>
bool holds(const Node& node, Is is) {
  if (node.op != OpKind::fusion) return is(node.op);
  return std::ranges::any_of(node.attributes.body().nodes(), [&](const Node& inner) { return is(inner.op); });
}

bool is_elementwise(const Node& node) {
  return !holds(node, [](OpKind op) { return op_def(op).elementwise == Elementwise::no; });
}

/// What stands in the place of a node: a fusion, and the values that it makes.
struct Replacement {
  FusionBody fusion;
  std::vector<ValueId> results;
};

class Fuser {
 public:
  Fuser(const Graph& graph, const Target& target, std::vector<Remark>* remarks)
      : graph_(graph), target_(target), remarks_(remarks), readers_(graph) {}

  /// Whether anything was fused.
  bool run() {
    for (NodeId id = 0; id < node_count(); ++id) {
      const Node& node = graph_.node(id);
      if (holds(node, [](OpKind op) { return op == OpKind::conv2d; })) join_pool(id);
      if (holds(node, is_pool_gradient)) join_gradients(id);
    }
    return !replaced_.empty();
  }

  Graph rewritten() const {
    GraphCopy copy(graph_);
    for (NodeId id = 0; id < node_count(); ++id) {
      const auto found = replaced_.find(id);
      if (found != replaced_.end())
        put(copy, id, found->second);
      else if (std::ranges::count(gone_, id) == 0)
        copy.node(graph_.node(id));
    }
    return copy.finish();
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  void remark(NodeId id, const Graph& body, std::string_view why) const {
    if (remarks_)
      remarks_->push_back({"fuse_conv_activation_pool", graph_.node(id).source,
                           fmt::format("{} is not fused: {}", ops_of(body), why), body.nodes()[0].op});
  }

  bool accepts(NodeId id, const Graph& body) const {
    const auto why_not = target_.refuses_fusion(body);
    if (why_not) remark(id, body, *why_not);
    return !why_not;
  }

  double seconds(NodeId id) const { return least_seconds(target_, graph_, id); }

  // The first to read a node's first result; -1: nobody does.
  NodeId first_reader(NodeId id) const {
    const auto& readers = readers_.of(graph_.node(id).results[0]);
    return readers.empty() ? -1 : readers[0];
  }

  // A convolution with what is fused with it already, an activation that is not, and the pool; empty: there
  // is no pool. Whole, they may pay where the first two alone do not.
  std::vector<NodeId> up_to_pool(NodeId id) const {
    std::vector<NodeId> nodes = {id};
    NodeId next = first_reader(id);
    if (next >= 0 && is_activation(graph_, graph_.node(next))) {
      nodes.push_back(next);
      next = first_reader(next);
    }
    if (next < 0 || !is_pool(graph_.node(next).op)) return {};
    nodes.push_back(next);
    return nodes;
  }

  void join_pool(NodeId id) {
    const std::vector<NodeId> nodes = up_to_pool(id);
    if (nodes.empty()) return;
    std::vector<ValueId> results = readers_.read_outside(graph_, nodes);
    FusionBody fusion = make_fusion_body(graph_, nodes, results);
    if (!accepts(id, *fusion.body)) return;
    const double apart = seconds_apart(target_, graph_, nodes),
                 together = fusion_seconds(target_, *fusion.body);
    if (together > apart) return remark(id, *fusion.body, quicker_apart_by(apart, together));
    gone_.insert(gone_.end(), nodes.begin() + 1, nodes.end());
    replaced_.emplace(id, Replacement{std::move(fusion), std::move(results)});
  }

  // A pool's gradient and, where it alone reads that, what an activation's gradient makes of it. Elementwise
  // ops that stand in a fusion with the pool's gradient are part of the first.
  std::vector<NodeId> gradient_of_pool(NodeId unpool) const {
    const NodeId reader = readers_.only(graph_.node(unpool).results[0]);
    if (reader < 0 || !is_elementwise(graph_.node(reader))) return {unpool};
    return {unpool, reader};
  }

  // Each reader has the pool's gradient in its own body, so that nobody stores it.
  void join_gradients(NodeId unpool) {
    std::vector<NodeId> nodes = gradient_of_pool(unpool);
    const Node& last = graph_.node(nodes.back());
    const auto& readers = readers_.of(last.results[0]);
    if (readers.empty() || last.results.size() != 1 || readers_.is_result(last.results[0])) return;
    std::map<NodeId, Replacement> fused;
    double together = 0, apart = seconds_apart(target_, graph_, nodes);
    for (const NodeId reader : readers) {
      if (!holds(graph_.node(reader), is_gradient) || replaced_.contains(reader)) return;
      nodes.push_back(reader);
      FusionBody fusion = make_fusion_body(graph_, nodes, graph_.node(reader).results);
      nodes.pop_back();
      if (!accepts(unpool, *fusion.body)) return;
      together += fusion_seconds(target_, *fusion.body);
      apart += seconds(reader);
      fused.emplace(reader, Replacement{std::move(fusion), graph_.node(reader).results});
    }
    if (together <= apart) {
      gone_.insert(gone_.end(), nodes.begin(), nodes.end());
      return replaced_.merge(fused);
    }
    for (const auto& [reader, replacement] : fused)
      remark(unpool, *replacement.fusion.body, quicker_apart_by(apart, together));
  }

  void put(GraphCopy& copy, NodeId id, const Replacement& replacement) const {
    std::vector<std::optional<Value>> operands;
    for (const ValueId value : replacement.fusion.operands) operands.emplace_back(copy[value]);
    copy.graph().at({.node = graph_.node(id).source});
    const auto results = copy.graph().append(OpKind::fusion, operands,
                                             Attributes(OpKind::fusion, {{"body", replacement.fusion.body}}));
    for (size_t i = 0; i < results.size(); ++i) copy.replace(replacement.results[i], results[i]);
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<Remark>* remarks_;
  Readers readers_;
  std::map<NodeId, Replacement> replaced_;
  std::vector<NodeId> gone_;
};

}  // namespace

bool fuse_conv_activation_pool(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr)
    fail_input("fuse_conv_activation_pool asks a backend what it can fuse; there is none");
  const TargetMemo memo(*options.target);
  // What is fused changes the slabs for which the rest is weighed. The last round's remarks count.
  for (bool changed = false;; changed = true) {
    const size_t told = options.remarks ? options.remarks->size() : 0;
    const WholeSlabTarget target(memo, graph, options);
    Fuser fuser(graph, target, options.remarks);
    if (!fuser.run()) return changed;
    graph = fuser.rewritten();
    if (options.remarks) options.remarks->resize(told);
  }
}

}  // namespace sinter
