#include "passes/fuse_batch_norm.h"

#include <algorithm>
#include <set>

#include "ir/copy.h"
#include "ir/op_table.h"
#include "passes/fusion_body.h"
#include "passes/readers.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

using Group = std::vector<NodeId>;  ///< in the order of the graph

class Fuser {
 public:
  Fuser(const Graph& graph, const Target& target, std::vector<Remark>* remarks)
      : graph_(graph),
        target_(target),
        remarks_(remarks),
        readers_(graph),
        group_of_(graph.nodes().size(), -1) {}

  bool run(Graph& fused) {
    for (NodeId id = 0; id < node_count(); ++id) {
      const OpKind op = graph_.node(id).op;
      if (op == OpKind::batch_norm || op == OpKind::batch_norm_training) fuse_forward(id);
      if (op == OpKind::batch_norm_backward) fuse_backward(id);
    }
    if (groups_.empty()) return false;
    fused = rewritten();
    return true;
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  void remark(NodeId id, std::string text) {
    const Node& node = graph_.node(id);
    Remark said{"fuse_batch_norm", node.source, std::move(text), node.op};
    if (remarks_ && std::ranges::find(*remarks_, said) == remarks_->end())
      remarks_->push_back(std::move(said));
  }

  // An elementwise op whose operands are as large as its result, or scalars, and that no group has yet.
  bool joins(NodeId id, const Shape& shape) const {
    const Node& node = graph_.node(id);
    return group_of_[id] < 0 && op_def(node.op).elementwise != Elementwise::no && !op_def(node.op).updates &&
           node.results.size() == 1 && graph_.type(node.results[0]).shape == shape &&
           std::ranges::all_of(node.operands, [&](ValueId id) {
             return !id.valid() || graph_.type(id).shape.empty() || graph_.type(id).shape == shape;
           });
  }

  void fuse_forward(NodeId norm) {
    const ValueId normalized = graph_.node(norm).results[0];
    const Shape& shape = graph_.type(normalized).shape;
    Group group = {norm};
    for (ValueId last = normalized;;) {
      const NodeId reader = readers_.only(last);
      if (reader < 0 || !joins(reader, shape)) break;
      group.push_back(reader);
      last = graph_.node(reader).results[0];
    }
    if (group.size() == 1) say_why_alone(norm);
    for (; group.size() > 1; group.pop_back())
      if (accept(group)) return;
  }

  void say_why_alone(NodeId norm) {
    const ValueId normalized = graph_.node(norm).results[0];
    const auto& readers = readers_.of(normalized);
    const auto reader = std::ranges::find_if(
        readers, [&](NodeId id) { return op_def(graph_.node(id).op).elementwise != Elementwise::no; });
    if (reader == readers.end()) return;
    remark(norm, fmt::format("{} is not fused with {}: {}", to_string(graph_.node(norm).op),
                             to_string(graph_.node(*reader).op),
                             why_apart(readers_, normalized, group_of_[*reader] >= 0)));
  }

  // What makes dy, and all that is read by it alone; nearest ops are given up last.
  void fuse_backward(NodeId norm) {
    const Node& node = graph_.node(norm);
    const Shape& shape = graph_.type(node.operands[0]).shape;
    Group found = {norm};
    for (size_t i = 0; i < found.size(); ++i) {
      const Node& reader = graph_.node(found[i]);
      const size_t read = found[i] == norm ? 1 : reader.operands.size();
      for (size_t o = 0; o < read; ++o) {
        const ValueId id = reader.operands[o];
        if (!id.valid() || graph_.info(id).kind != ValueKind::result) continue;
        const NodeId maker = graph_.info(id).node;
        if (std::ranges::count(found, maker) == 0 && joins(maker, shape) &&
            (i == 0 || readers_.are_only(id, found)))
          found.push_back(maker);
      }
    }
    for (; found.size() > 1; found.pop_back()) {
      Group group = found;
      std::ranges::sort(group);
      if (accept(group)) return;
    }
  }

  // Whether an operand from outside is made from what the group gives: no order of nodes is right then.
  bool would_be_a_circle(const Group& group) const {
    std::set<NodeId> below;  // of the nodes between the group's first and last, those that read from it
    for (NodeId id = group.front(); id <= group.back(); ++id) {
      const bool inside = std::ranges::count(group, id) > 0;
      for (const ValueId operand : graph_.node(id).operands) {
        if (!operand.valid() || graph_.info(operand).kind != ValueKind::result) continue;
        const NodeId maker = graph_.info(operand).node;
        const bool from_below = below.contains(maker);
        if (inside && from_below) return true;
        if (!inside && (from_below || std::ranges::count(group, maker) > 0)) below.insert(id);
      }
    }
    return false;
  }

  bool accept(const Group& group) {
    const Body body = body_of(group).body;
    std::optional<std::string> why_not = target_.refuses_fusion(*body);
    if (!why_not && would_be_a_circle(group)) why_not = "an operand of it is made from one of its results";
    if (!why_not && fusion_seconds(target_, *body) > seconds_apart(target_, graph_, group))
      why_not = quicker_apart;
    if (why_not) {
      remark(group[0], fmt::format("{} is not fused: {}", ops_of(*body), *why_not));
      return false;
    }
    for (const NodeId id : group) group_of_[id] = static_cast<int>(groups_.size());
    groups_.push_back(group);
    return true;
  }

  FusionBody body_of(const Group& group) const {
    return make_fusion_body(graph_, group, readers_.read_outside(graph_, group));
  }

  // A group stands where its last node stood; what reads from it earlier waits.
  Graph rewritten() const {
    GraphCopy copy(graph_);
    std::vector<bool> made(graph_.values().size(), true);
    for (const Node& node : graph_.nodes())
      for (const ValueId result : node.results) made[result.index] = false;
    std::vector<bool> done(graph_.nodes().size());
    const auto is_ready = [&](NodeId id) {
      return std::ranges::all_of(graph_.node(id).operands,
                                 [&](ValueId operand) { return !operand.valid() || made[operand.index]; });
    };
    const auto emit_alone = [&](NodeId id) {
      copy.node(graph_.node(id));
      done[id] = true;
      for (const ValueId result : graph_.node(id).results) made[result.index] = true;
    };
    std::vector<NodeId> waiting;
    for (NodeId id = 0; id < node_count(); ++id) {
      if (group_of_[id] < 0) {
        is_ready(id) ? emit_alone(id) : waiting.push_back(id);
        continue;
      }
      const Group& group = groups_[group_of_[id]];
      if (id != group.back()) continue;
      append_fusion(copy, group);
      for (const NodeId member : group)
        for (const ValueId result : graph_.node(member).results) made[result.index] = true;
      for (const NodeId later : waiting)
        if (!done[later] && is_ready(later)) emit_alone(later);
      std::erase_if(waiting, [&](NodeId later) { return done[later]; });
    }
    return copy.finish();
  }

  void append_fusion(GraphCopy& copy, const Group& group) const {
    const auto [body, taken] = body_of(group);
    std::vector<std::optional<Value>> operands;
    for (const ValueId value : taken) operands.emplace_back(copy[value]);
    const auto norm = std::ranges::find_if(
        group, [&](NodeId id) { return op_def(graph_.node(id).op).elementwise == Elementwise::no; });
    copy.graph().at({.node = graph_.node(*norm).source});
    const auto results =
        copy.graph().append(OpKind::fusion, operands, Attributes(OpKind::fusion, {{"body", body}}));
    const auto replaced = readers_.read_outside(graph_, group);
    for (size_t i = 0; i < replaced.size(); ++i) copy.replace(replaced[i], results[i]);
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<Remark>* remarks_;
  Readers readers_;
  std::vector<int> group_of_;  ///< by node; -1: alone
  std::vector<Group> groups_;
};

}  // namespace

bool fuse_batch_norm(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("fuse_batch_norm asks a backend what it can fuse; there is none");
  const TargetMemo target(*options.target);
  Graph fused;
  if (!Fuser(graph, target, options.remarks).run(fused)) return false;
  graph = std::move(fused);
  return true;
}

}  // namespace sinter
